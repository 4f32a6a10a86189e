#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/registry.h"
#include "diagnose/finding.h"
#include "diagnose/legalize.h"
#include "graph/model.h"
#include "graph/module_tree.h"
#include "partition/partition.h"
#include "partition/tail.h"
#include "shape/inference.h"
#include "targets/target.h"

namespace acuate {

// What a target holds against a node, told on the nodes of the user's model.
struct NodeReason {
  std::vector<const Node*>
      nodes;  // of DiagnoseContext::original: all that the judged one stands for
  const Node* judged = nullptr;
  Reason reason;
};

// The nodes of the user's model that a node of the judged one stands for.
using Origins = std::function<std::vector<const Node*>(const Node&)>;

// A model under judgement of a target: main graph and the bodies that the target would enter.
struct Judgement {
  std::vector<NodeReason> reasons;          // in graph order
  std::unordered_set<const Node*> blocked;  // nodes of the original that the target refuses
};

// How the shadow would be divided between target and host.
struct ShadowDivision {
  Partition partition;
  // Reasons that block, by node of the shadow.
  std::unordered_map<const Node*, size_t> refusals;
  // How many nodes may still be divided anew, for what findings are worth.
  mutable size_t nodes_left = 200'000;
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
  Origins origins;                 // of a node of the shadow
  const PartitionCosts* costs = nullptr;  // of host and target; null: times are not predicted
  std::optional<ShadowDivision> division;
  // What to leave to the host so that no size follows from values and no control flow is left;
  // nothing where there is neither, or where too little would remain.
  std::optional<Tail> tail;
  // What would replace nodes of the original by operators that the target takes; empty where the
  // original is not sound.
  std::function<LegalizeOffers::Offer(const std::vector<const Node*>&)> legalize;
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

// The module of the first node, and where all of them came of several, these.
void file_under(Finding& finding, const ModelModuleTree& modules,
                const std::vector<const Node*>& nodes);

// The text of docs/findings.md.
std::string findings_reference(const FindingRuleRegistry& registry);

}  // namespace acuate
