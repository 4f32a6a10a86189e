#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/rule.h"

namespace acuate {
namespace {

std::vector<Finding> find(const DiagnoseContext& context) {
  std::vector<Finding> findings;
  for (const Value* input : context.original.graph().inputs()) {
    if (input->initializer || !input->is_unused()) continue;
    Finding finding;
    finding.id = "unused_input";
    finding.severity = Severity::Info;
    finding.nodes = {to_valid_utf8(input->name)};
    finding.cause = "no node reads the input";
    finding.evidence = to_valid_utf8(fmt::format("{} is {}", input->name, input->type.text()));
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

void register_diagnose_unused_input(FindingRuleRegistry& registry) {
  registry.add(
      {"unused_input", Severity::Info,
       "Callers must feed an input that has no influence on any output. Harmless, but often a "
       "trace of\nsomething that the exporter turned into a constant, such as a mask or a sample "
       "rate.\n\n"
       "To mend it, export without it. acuate keeps it, so that the model can still be called as "
       "before.",
       find});
}

}  // namespace acuate
