#include "diagnose/mixed_ranges_finding.h"

#include "diagnose/judge.h"
#include "edit/address.h"
#include "partition/tail.h"

namespace acuate {

Finding mixed_ranges_finding(const Model& original, const Node& node, const MixedConcat& mixed,
                             const ModelModuleTree& modules) {
  Finding finding = new_finding("mixed_ranges");
  file_under(finding, modules, {&node});
  finding.nodes = {node_path(node)};
  finding.cause =
      "one tensor joins values of very different ranges, and 8 bits for all of them leave the "
      "small ones next to nothing";
  finding.evidence = mixed.text();
  const auto scaffold = shape_scaffold(original);
  const auto folds = [&](const Node& each) { return scaffold.count(&each) > 0; };
  if (const auto tail = offered_tail_before(original.graph(), node, folds)) {
    finding.fix = {tail->cut_command()};
    finding.evidence += "; " + tail->text();
  }
  return finding;
}

}  // namespace acuate
