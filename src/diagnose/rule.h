#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/registry.h"
#include "diagnose/finding.h"
#include "graph/model.h"
#include "graph/module_tree.h"
#include "shape/inference.h"
#include "targets/target.h"

namespace acuate {

// What a target holds against a node, told on the nodes of the user's model.
struct NodeReason {
  std::vector<const Node*>
      nodes;  // of DiagnoseContext::original: all that the judged one stands for
  Reason reason;
};

// A model under judgement of a target: main graph and the bodies that the target would enter.
struct Judgement {
  std::vector<NodeReason> reasons;          // in graph order
  std::unordered_set<const Node*> blocked;  // nodes of the original that the target refuses
};

// What a rule looks at. Pointers to nodes and values are into `original`.
struct DiagnoseContext {
  const Model& original;  // the user's model; with inferred types where it is sound
  const Model& shadow;  // the same with the shapes that are known, simplified; here scaffolds that
                        // compute shapes have folded away
  const ShapeInference* shapes;         // of the original; null where it is not sound
  const ShapeInference* shadow_shapes;  // of the shadow; null where the original is not sound
  const Target& target;
  const ModelModuleTree& modules;  // of the original
  bool is_sound = true;  // no blocking issue; else types are as declared, and the shadow is a copy
  std::vector<ModelIssue> issues;  // of the original
  Judgement as_it_stands;          // of the original
  Judgement mended;                // of the shadow, without what only its shape scaffolds bring
  bool has_shapes = false;         // the shadow got shapes from the user, or proposed ones
  std::string shapes_source;       // `as given`, `proposed from the data`
};

// One kind of finding: a unit of src/diagnose/findings. A rule without `find` documents a finding
// that a later stage of the pipeline makes.
struct FindingRule {
  std::string id;
  Severity severity = Severity::Error;
  std::string
      doc;  // for `acuate explain` and docs/findings.md: meaning, why it matters, how to mend
  std::function<std::vector<Finding>(const DiagnoseContext&)> find;
};
using FindingRuleRegistry = Registry<FindingRule>;

void register_all_findings(FindingRuleRegistry& registry);
const FindingRuleRegistry& finding_rules();

// An empty finding of a kind that is documented, with its severity; for stages that make findings
// themselves.
Finding new_finding(std::string_view id);

// The text of docs/findings.md.
std::string findings_reference(const FindingRuleRegistry& registry);

}  // namespace acuate
