#include "diagnose/diagnose.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/issues.h"
#include "diagnose/judge.h"
#include "diagnose/rule.h"
#include "diagnose/worth.h"
#include "edit/address.h"
#include "rewrite/legalizer.h"
#include "rewrite/surgery.h"
#include "shape/inference.h"
#include "targets/sizes_within.h"

namespace acuate {
namespace {

// The nodes of a model beside those of its copy, which is as it was made.
template <class Visit>
void walk_both(const Model& original, Model& copy, const Visit& visit) {
  const auto theirs = copy.all_graphs();
  const auto ours = original.all_graphs();
  ACUATE_CHECK(ours.size() == theirs.size(), "a copy has other bodies");
  for (size_t i = 0; i < ours.size(); ++i) {
    Node* node = theirs[i]->first();
    for (const Node* source = ours[i]->first(); source != nullptr;
         source = source->next(), node = node->next()) {
      ACUATE_CHECK(node != nullptr, "a copy has fewer nodes");
      visit(*source, *node);
    }
  }
}

// Numbers every node of a copy, so that what becomes of it can be told on the nodes it was.
class Trail {
 public:
  Trail(const Model& original, Model& copy) {
    walk_both(original, copy, [this](const Node& source, Node& node) {
      set_origins(node, {kMark + std::to_string(nodes_.size())});
      nodes_.push_back(&source);
    });
  }

  std::vector<const Node*> follow(const Node& node) const {
    std::vector<const Node*> out;
    for (const std::string& origin : origins(node)) {
      if (!origin.starts_with(kMark)) continue;
      const auto number = parse_int(std::string_view(origin).substr(kMark.size()));
      if (number && static_cast<size_t>(*number) < nodes_.size())
        out.push_back(nodes_[static_cast<size_t>(*number)]);
    }
    return out;
  }

 private:
  inline static const std::string kMark = "acuate.diagnose:";
  std::vector<const Node*> nodes_;
};

class NodePairs {
 public:
  NodePairs(const Model& original, Model& copy) {
    walk_both(original, copy, [this](const Node& source, Node& node) {
      copies_.emplace(&source, &node);
      originals_.emplace(&node, &source);
    });
  }
  Node* copy_of(const Node& node) const { return copies_.at(&node); }
  const Node* original_of(const Node& node) const { return originals_.at(&node); }

 private:
  std::unordered_map<const Node*, Node*> copies_;
  std::unordered_map<const Node*, const Node*> originals_;
};

// Whether an offer can help at all: what needs a copy of the model is not made for nothing.
bool has_legalizer(const Node& node) {
  static const auto kOperators = [] {
    std::unordered_set<std::string_view> all;
    for (const Legalizer& legalizer : legalizers().all())
      all.insert(legalizer.operators.begin(), legalizer.operators.end());
    return all;
  }();
  return node.domain().empty() && kOperators.count(node.op_type()) > 0;
}

// Legalizers tried on a copy of the original with its shapes, which is made when first asked for.
class Offers {
 public:
  Offers(const Model& original, const Target& target, FixOptions given)
      : original_(original), target_(target), given_(std::move(given)) {}

  // On nodes of the original; the shapes stand before what they may need them for.
  LegalizeOffers::Offer offer(const std::vector<const Node*>& nodes) {
    if (std::none_of(nodes.begin(), nodes.end(),
                     [](const Node* node) { return has_legalizer(*node); }))
      return {};
    if (offers_ == nullptr) prepare();
    std::vector<Node*> ours;
    for (const Node* node : nodes) ours.push_back(pairs_->copy_of(*node));
    auto found = offers_->offer(ours);
    if (!found.edits.empty())
      found.edits.insert(found.edits.begin(), shapes_.begin(), shapes_.end());
    for (auto* list : {&found.replaced, &found.kept})
      for (const Node*& node : *list) node = pairs_->original_of(*node);
    return found;
  }

 private:
  void prepare() {
    auto fixed = fix(original_, given_);
    ACUATE_CHECK(fixed.has_value(), "shapes that fitted before");
    model_ = std::move(fixed->model);
    shapes_ = std::move(fixed->edits);
    pairs_.emplace(original_, *model_);
    offers_ = std::make_unique<LegalizeOffers>(*model_, target_);
  }

  const Model& original_;
  const Target& target_;
  const FixOptions given_;
  std::unique_ptr<Model> model_;
  std::vector<std::string> shapes_;  // edit commands
  std::optional<NodePairs> pairs_;
  std::unique_ptr<LegalizeOffers> offers_;
};

// Nodes of the original's main graph that keep the target from knowing sizes, or that hold control
// flow.
std::unordered_set<const Node*> sized_by_values(const Judgement& judgement) {
  std::unordered_set<const Node*> out;
  for (const auto& [nodes, judged, reason] : judgement.reasons)
    if (reason.blocks && (reason.id == "data_dependent_shape" || reason.id == "control_flow"))
      for (const Node* node : nodes) {
        while (node->graph().owner() != nullptr) node = node->graph().owner();
        out.insert(node);
      }
  return out;
}

// What simplification merged into a node that the target lacks, though it takes each of the user's
// nodes (MatMul and Add into Gemm), is no trouble of the user's model where it is written out
// again.
void forgive_merges(DiagnoseContext& context) {
  std::unordered_set<const Node*> refused, asked;
  for (const auto& [nodes, judged, reason] : context.as_it_stands.reasons)
    if (reason.blocks && reason.id != "dynamic_shape") refused.insert(nodes.begin(), nodes.end());
  for (const auto& [nodes, judged, reason] : context.mended.reasons)
    if (reason.blocks && nodes.size() > 1 && has_legalizer(*judged) &&
        std::none_of(nodes.begin(), nodes.end(),
                     [&](const Node* node) { return refused.count(node) > 0; }))
      asked.insert(judged);
  if (asked.empty()) return;
  const auto copy = context.shadow.clone();
  const NodePairs pairs(context.shadow, *copy);
  std::vector<Node*> merged;
  for (const Node* node : asked) merged.push_back(pairs.copy_of(*node));
  std::unordered_set<const Node*> forgiven;
  for (const Node* node : LegalizeOffers(*copy, context.target).offer(merged).replaced)
    forgiven.insert(pairs.original_of(*node));
  const auto is_gone = [&](const NodeReason& reason) {
    return reason.reason.blocks && forgiven.count(reason.judged) > 0 &&
           reason.reason.id != "dynamic_shape";
  };
  for (const NodeReason& reason : context.mended.reasons)
    if (is_gone(reason))
      for (const Node* node : reason.nodes) context.mended.blocked.erase(node);
  std::erase_if(context.mended.reasons, is_gone);
  for (const auto& [nodes, judged, reason] : context.mended.reasons)
    if (reason.blocks) context.mended.blocked.insert(nodes.begin(), nodes.end());
}

std::vector<Finding> apply_rules(const DiagnoseContext& context) {
  std::vector<Finding> findings;
  for (const FindingRule& rule : finding_rules().all())
    if (rule.find)
      for (Finding& finding : rule.find(context)) findings.push_back(std::move(finding));
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
  return findings;
}

}  // namespace

Result<std::vector<Finding>> diagnose(const Model& model, const Target& target,
                                      const DiagnoseOptions& options) {
  auto diagnosis = diagnose_and_divide(model, target, options);
  if (!diagnosis) return diagnosis.error();
  return std::move(diagnosis->findings);
}

Result<Diagnosis> diagnose_and_divide(const Model& model, const Target& target,
                                      const DiagnoseOptions& options) {
  if (const Availability able = target.status().diagnose; !able.available)
    return fail("target {} does not diagnose: {}", to_kebab_case(target.id), able.reason);
  const std::unique_ptr<Model> original = model.clone();
  std::vector<ModelIssue> issues = model_issues(*original);
  const bool is_sound = std::none_of(issues.begin(), issues.end(), is_blocking);

  std::unique_ptr<Model> shadow;
  std::unique_ptr<const ShapeInference> shapes, shadow_shapes;
  bool has_shapes = false;
  Target by_sizes = target;
  FixOptions given = options.fix;
  given.evaluate = nullptr;  // what stays dynamic is told by the rules
  if (is_sound) {
    shapes = std::make_unique<ShapeInference>(*original);
    // What a node's first contradiction leads to is not told again.
    std::set<std::string> told;
    for (ModelIssue& issue : shapes->issues())
      if (issue.node.empty() || told.insert(issue.node).second) issues.push_back(std::move(issue));
    auto fixed = fix(*original, given);
    if (!fixed) return fixed.error();
    shadow = std::move(fixed->model);
    has_shapes = !fixed->edits.empty();
    by_sizes = judging_within(target, fixed->ranges);
  } else {
    shadow = original->clone();
  }
  const Trail trail(*original, *shadow);
  if (is_sound) {
    PassContext context;
    context.evaluate = options.fix.evaluate;
    if (auto done = simplify(*shadow, context, {.patterns = target.patterns}); !done)
      return done.error();
    shadow_shapes = std::make_unique<ShapeInference>(*shadow);
  }

  const ModelModuleTree modules = ModelModuleTree::of(*original);
  DiagnoseContext context{.original = *original,
                          .shadow = *shadow,
                          .shapes = shapes.get(),
                          .shadow_shapes = shadow_shapes.get(),
                          .target = target,
                          .modules = modules,
                          .is_sound = is_sound,
                          .issues = std::move(issues),
                          .as_it_stands = {},
                          .mended = {},
                          .has_shapes = has_shapes,
                          .shapes_source = options.shapes_source,
                          .origins = [&](const Node& node) { return trail.follow(node); },
                          .costs = options.costs,
                          .division = {},
                          .tail = {},
                          .legalize = {}};
  Offers offers(*original, target, std::move(given));
  const Origins itself = [](const Node& node) { return std::vector<const Node*>{&node}; };
  auto as_it_stands = judge(*original, target, itself, false);
  if (!as_it_stands) return as_it_stands.error();
  context.as_it_stands = std::move(*as_it_stands);
  auto mended = judge(*shadow, by_sizes, context.origins, true);
  if (!mended) return mended.error();
  context.mended = std::move(*mended);
  if (is_sound) {
    forgive_merges(context);
    context.division = divide_shadow(*shadow, context.mended, options.costs);
    const auto scaffold = shape_scaffold(*original);
    context.tail = offered_tail(original->graph(), sized_by_values(context.mended),
                                [&](const Node& node) { return scaffold.count(&node) > 0; });
    context.legalize = [&](const std::vector<const Node*>& nodes) { return offers.offer(nodes); };
  }
  Diagnosis diagnosis;
  diagnosis.findings = apply_rules(context);
  if (context.division) diagnosis.options = context.division->partition.options;
  return diagnosis;
}

}  // namespace acuate
