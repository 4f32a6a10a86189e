#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/dynamic_fix.h"
#include "diagnose/judge.h"
#include "diagnose/rule.h"
#include "shape/dynamic.h"

namespace acuate {
namespace {

bool needs_static_shape(const Target& target, const Node& node) {
  const auto reasons = target.why_not(node);
  return std::any_of(reasons.begin(), reasons.end(),
                     [](const Reason& reason) { return reason.id == "dynamic_shape"; });
}

// Inputs whose readers, in bodies too, the target refuses for their dynamic shape.
std::vector<const Value*> refused_inputs(const DiagnoseContext& context) {
  std::vector<const Value*> out;
  for (const Value* input : context.original.graph().inputs())
    if (is_dynamic_input(*input) &&
        std::any_of(input->uses().begin(), input->uses().end(),
                    [&](const Use& use) { return needs_static_shape(context.target, *use.node); }))
      out.push_back(input);
  return out;
}

// Nodes after the input, in the main graph and bodies, that are refused for their dynamic shape.
size_t count_dependent(const Value& input, const std::unordered_set<const Node*>& dynamic) {
  std::unordered_set<const Node*> seen;
  std::vector<const Value*> waiting = {&input};
  size_t count = 0;
  while (!waiting.empty()) {
    const Value* value = waiting.back();
    waiting.pop_back();
    for (const Use& use : value->uses())
      for (const Node* node = use.node; node != nullptr; node = node->graph().owner()) {
        if (!seen.insert(node).second) break;
        count += dynamic.count(node);
        for (const Value* output : node->outputs())
          if (output != nullptr) waiting.push_back(output);
      }
  }
  return count;
}

std::string dynamic_dims(const Value& input) {
  if (!input.type.shape) return "its rank is not known";
  std::vector<std::string> parts;
  for (size_t axis = 0; axis < input.type.shape->size(); ++axis) {
    const Dim& dim = (*input.type.shape)[axis];
    if (dim.is_known()) continue;
    const std::string name = dim.name.empty() ? "no name" : to_valid_utf8(dim.name);
    parts.push_back(fmt::format("dimension {} ({})", axis, name));
  }
  return "dynamic: " + join(parts, ", ");
}

std::vector<Finding> find(const DiagnoseContext& context) {
  std::vector<Finding> findings;
  if (!context.is_sound) return findings;
  const auto refused = dynamic_nodes(context.as_it_stands);
  const std::unordered_set<const Node*> dynamic(refused.begin(), refused.end());
  const auto inputs = refused_inputs(context);
  for (const Value* input : inputs) {
    const std::string name = to_valid_utf8(input->name);
    Finding finding;
    finding.id = "dynamic_input";
    finding.target = context.target.id;
    finding.nodes = {name};
    finding.severity = Severity::Error;
    finding.cause = fmt::format(
        "the shape of input '{}' is known only at run time, and {} needs every shape when it "
        "compiles",
        name, to_kebab_case(context.target.id));
    finding.evidence = fmt::format("{} is {}; {}; after it {} of {} nodes have dynamic shapes",
                                   name, to_valid_utf8(input->type.text()), dynamic_dims(*input),
                                   count_dependent(*input, dynamic), coverage(context).total);
    const ShapeRemedy remedy = shape_remedy(context, *input);
    if (!remedy.command.empty()) finding.fix = {remedy.command};
    if (!remedy.letters.empty())
      finding.evidence += fmt::format("; in the fix put numbers for {}", remedy.letters);
    else if (context.has_shapes && !remedy.command.empty())
      finding.evidence += fmt::format("; the shape in the fix is {}", context.shapes_source);
    // What several inputs bring together cannot be told for one.
    if (inputs.size() == 1 && remedy.letters.empty() && !remedy.command.empty())
      finding.worth.coverage = coverage(context).gain();
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

void register_diagnose_dynamic_input(FindingRuleRegistry& registry) {
  registry.add({"dynamic_input", Severity::Error,
                "An input of the model has dimensions without a number (a name such as `batch`, or "
                "nothing),\n"
                "and the target compiles for fixed shapes only. Everything computed from that "
                "input is dynamic\n"
                "as well. One finding for each such input; its evidence names the dimensions and "
                "counts the\n"
                "nodes after it whose shapes are dynamic.\n\n"
                "To mend it, give the input a shape: `--shape x=1x3x640x640` or `--dim batch=1` "
                "with `fix` and\n"
                "`convert`, or the edit command `set-shape x 1 3 640 640`. `convert` proposes a "
                "shape from the\n"
                "data where none is given. Images of other sizes are resized or padded to it. "
                "Worth: the part\n"
                "of the nodes that the target takes more, once the shape is fixed.",
                find});
}

}  // namespace acuate
