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
#include "rewrite/surgery.h"
#include "shape/inference.h"

namespace acuate {
namespace {

// Numbers every node of a copy, so that what becomes of it can be told on the nodes it was.
class Trail {
 public:
  Trail(const Model& original, Model& copy) {
    const auto theirs = copy.all_graphs();
    const auto ours = original.all_graphs();
    ACUATE_CHECK(ours.size() == theirs.size(), "a copy has other bodies");
    for (size_t i = 0; i < ours.size(); ++i) {
      Node* node = theirs[i]->first();
      for (const Node* source = ours[i]->first(); source != nullptr;
           source = source->next(), node = node->next()) {
        ACUATE_CHECK(node != nullptr, "a copy has fewer nodes");
        set_origins(*node, {kMark + std::to_string(nodes_.size())});
        nodes_.push_back(source);
      }
    }
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
  if (is_sound) {
    shapes = std::make_unique<ShapeInference>(*original);
    // What a node's first contradiction leads to is not told again.
    std::set<std::string> told;
    for (ModelIssue& issue : shapes->issues())
      if (issue.node.empty() || told.insert(issue.node).second) issues.push_back(std::move(issue));
    FixOptions given = options.fix;
    given.evaluate = nullptr;  // what stays dynamic is told by the rules
    auto fixed = fix(*original, given);
    if (!fixed) return fixed.error();
    shadow = std::move(fixed->model);
    has_shapes = !fixed->edits.empty();
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
                          .tail = {}};
  const Origins itself = [](const Node& node) { return std::vector<const Node*>{&node}; };
  context.as_it_stands = judge(*original, target, itself, false);
  context.mended = judge(*shadow, target, context.origins, true);
  if (is_sound) {
    context.division = divide_shadow(*shadow, context.mended, options.costs);
    context.tail = smallest_tail(*original, sized_by_values(context.mended));
  }
  Diagnosis diagnosis;
  diagnosis.findings = apply_rules(context);
  if (context.division) diagnosis.options = context.division->partition.options;
  return diagnosis;
}

}  // namespace acuate
