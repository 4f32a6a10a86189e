#include "diagnose/rule.h"

#include <fmt/format.h>

namespace acuate {

const FindingRuleRegistry& finding_rules() {
  static const FindingRuleRegistry kRegistry = [] {
    FindingRuleRegistry registry;
    register_all_findings(registry);
    return registry;
  }();
  return kRegistry;
}

Finding new_finding(std::string_view id) {
  const FindingRule* rule = finding_rules().lookup(id);
  ACUATE_CHECK(rule != nullptr, "a finding that no rule documents: " + std::string(id));
  Finding finding;
  finding.id = rule->id;
  finding.severity = rule->severity;
  return finding;
}

std::string findings_reference(const FindingRuleRegistry& registry) {
  std::string text =
      "# Findings\n\n"
      "What `acuate diagnose` and the report of a conversion can say about a model. `acuate "
      "explain "
      "ID` prints an entry.\n"
      "Severities: `error`, the target or every command that converts refuses the model as it "
      "stands; `warning`, it costs\naccuracy, speed or certainty; `info`.\n\n"
      "This page is written from `src/diagnose/findings/`; a test holds it to that.\n";
  for (const FindingRule& rule : registry.all())
    text += fmt::format("\n## {}\n\n*{}*\n\n{}\n", rule.id, severity_name(rule.severity), rule.doc);
  return text;
}

}  // namespace acuate
