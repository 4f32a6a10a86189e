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

void file_under(Finding& finding, const ModelModuleTree& modules,
                const std::vector<const Node*>& nodes) {
  if (nodes.empty()) return;
  finding.module = modules.module_of(*nodes[0]).path;
  std::unordered_set<std::string_view> seen;
  for (const Node* node : nodes)
    for (const ModuleInfo* module : modules.modules_of(*node))
      if (seen.insert(module->path).second && (finding.modules.empty() || !module->path.empty()))
        finding.modules.push_back(module->path);
  if (finding.modules.size() == 1) finding.modules.clear();
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
