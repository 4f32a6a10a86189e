#include <algorithm>

#include <fmt/format.h>

#include "diagnose/dynamic_fix.h"
#include "diagnose/judge.h"
#include "diagnose/rule.h"
#include "shape/dynamic.h"

namespace acuate {
namespace {

const Value* dynamic_operand(const Node& node) {
  for (size_t slot = 0; slot < node.input_count(); ++slot)
    if (const Value* value = node.input(slot); value != nullptr && is_dynamic(*value)) return value;
  for (const Value* value : node.outputs())
    if (value != nullptr && is_dynamic(*value)) return value;
  return nullptr;
}

// What makes the first dynamic dimension of an operand of the node, with the way to the node.
std::optional<DynamicAxis::Source> source_of(const ShapeInference& shapes, const Node& node) {
  const Value* operand = dynamic_operand(node);
  if (operand == nullptr) return std::nullopt;
  auto axes = explain_dynamic(shapes, *operand);
  if (axes.empty() || axes[0].sources.empty()) return std::nullopt;
  DynamicAxis::Source source = std::move(axes[0].sources[0]);
  if (source.chain.empty() || source.chain.back() != &node) source.chain.push_back(&node);
  return source;
}

// What the shadow, with the shapes that are known, still has of the group.
std::string what_stays(const DiagnoseContext& context, const std::vector<const Node*>& group,
                       const std::unordered_set<const Node*>& still) {
  const auto stays = std::count_if(group.begin(), group.end(),
                                   [&](const Node* node) { return still.count(node); });
  if (!context.has_shapes) return "";
  if (stays == 0)
    return fmt::format("; with the shapes {} none stays dynamic", context.shapes_source);
  std::string text =
      fmt::format("; with the shapes {} {} of them stay dynamic", context.shapes_source, stays);
  if (const auto roots = data_dependent_nodes(*context.shadow_shapes); !roots.empty())
    text += fmt::format(", because the result of {} '{}' depends on values", roots[0]->op_type(),
                        roots[0]->address());
  return text;
}

std::vector<Finding> find(const DiagnoseContext& context) {
  std::vector<Finding> findings;
  if (!context.is_sound) return findings;
  const auto remaining = dynamic_nodes(context.mended);
  const std::unordered_set<const Node*> still(remaining.begin(), remaining.end());
  // With static inputs, shapes that only folding makes known are no trouble.
  const auto& inputs = context.original.graph().inputs();
  const bool from_inputs = std::any_of(inputs.begin(), inputs.end(),
                                       [](const Value* input) { return is_dynamic_input(*input); });
  const Judgement& judged = from_inputs ? context.as_it_stands : context.mended;
  for (const ModuleReasons& group : group_by_part(context, judged, "dynamic_shape")) {
    Finding finding;
    finding.id = "dynamic_shape";
    finding.severity = Severity::Error;
    finding.target = context.target.id;
    finding.module = group.module;
    finding.modules = group.modules;
    finding.nodes = addresses(group.nodes);
    finding.cause = group.message;
    finding.evidence =
        fmt::format("{} node{}", group.nodes.size(), group.nodes.size() == 1 ? "" : "s");
    const auto source = source_of(*context.shapes, *group.nodes[0]);
    if (source) finding.evidence += ", from " + chain_text(*source);
    finding.evidence += what_stays(context, group.nodes, still);
    if (source && source->input == nullptr && context.tail)
      finding.fix = {context.tail->cut_command()};
    if (source && source->input != nullptr) {
      const ShapeRemedy remedy = shape_remedy(context, *source->input);
      if (!remedy.command.empty()) finding.fix = {remedy.command};
      if (!remedy.letters.empty())
        finding.evidence += fmt::format("; in the fix put numbers for {}", remedy.letters);
      const std::unordered_set<const Node*> among(group.nodes.begin(), group.nodes.end());
      if (remedy.letters.empty() && !remedy.command.empty())
        finding.worth.coverage = coverage(context, &among).gain();
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

void register_diagnose_dynamic_shape(FindingRuleRegistry& registry) {
  registry.add(
      {"dynamic_shape", Severity::Error,
       "Nodes of a module read or write tensors whose shape is not known when the target compiles. "
       "One\n"
       "finding for each part of the model, judged on the model as it stands; the evidence follows "
       "the shape "
       "back\n"
       "to an input, or to the node whose result's size depends on values.\n\n"
       "To mend it, fix the inputs' shapes (see `dynamic_input`). The evidence says what stays "
       "dynamic\n"
       "after that: what a node such as NonZero or NonMaxSuppression makes is dynamic with any "
       "input\n"
       "(see `data_dependent_shape`). Worth: the part of the model's nodes, in this module, that "
       "the\n"
       "target takes more.",
       find});
}

}  // namespace acuate
