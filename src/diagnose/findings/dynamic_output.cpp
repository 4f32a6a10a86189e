#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/dynamic_fix.h"
#include "diagnose/rule.h"
#include "shape/dynamic.h"

namespace acuate {
namespace {

std::vector<Finding> find(const DiagnoseContext& context) {
  std::vector<Finding> findings;
  if (!context.is_sound) return findings;
  const auto refused = dynamic_nodes(context.as_it_stands);
  const std::unordered_set<const Node*> dynamic(refused.begin(), refused.end());
  for (const Value* output : context.original.graph().outputs()) {
    if (!is_dynamic(*output) || output->producer == nullptr || dynamic.count(output->producer) == 0)
      continue;
    const auto axes = explain_dynamic(*context.shapes, *output);
    const DynamicAxis::Source* source =
        axes.empty() || axes[0].sources.empty() ? nullptr : &axes[0].sources[0];
    const Value* input = source != nullptr ? source->input : nullptr;
    const std::string name = to_valid_utf8(output->name);
    const Value* mended = context.shadow.graph().find(output->name);
    const bool follows_inputs = mended != nullptr && !is_dynamic(*mended);
    Finding finding = new_finding("dynamic_output");
    finding.target = context.target.id;
    file_under(finding, context.modules, {output->producer});
    finding.nodes = {name};
    finding.cause =
        input != nullptr || follows_inputs
            ? fmt::format("output '{}' is as large as the input makes it", name)
            : fmt::format(
                  "output '{}' is as large as its values decide, whatever the inputs' shapes",
                  name);
    finding.evidence = fmt::format("{} is {}", name, to_valid_utf8(output->type.text()));
    if (source != nullptr) finding.evidence += ", from " + chain_text(*source);
    if (mended != nullptr && context.has_shapes)
      finding.evidence += fmt::format("; with the shapes {} it is {}", context.shapes_source,
                                      to_valid_utf8(mended->type.text()));
    if (input != nullptr) {
      const ShapeRemedy remedy = shape_remedy(context, *input);
      if (!remedy.command.empty()) finding.fix = {remedy.command};
      if (!remedy.letters.empty())
        finding.evidence += fmt::format("; in the fix put numbers for {}", remedy.letters);
    } else if (context.tail) {
      finding.fix = {context.tail->cut_command()};
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

void register_diagnose_dynamic_output(FindingRuleRegistry& registry) {
  registry.add(
      {"dynamic_output", Severity::Error,
       "An output of the model has a dimension without a number, and the target compiles for "
       "fixed\n"
       "shapes: whoever reads the result does not know how large a buffer to give. The cause "
       "tells\n"
       "two cases apart: an output that follows the inputs' dimensions, and one whose size is\n"
       "decided by values (detections after NonMaxSuppression).\n\n"
       "To mend it, fix the input's shape (see `dynamic_input`). Where values decide, end "
       "the\n"
       "target's part before the node that decides the size (the `cut-at` of the fix, see\n"
       "`data_dependent_shape`); the tail stays on the host and the outputs stay as they are.",
       find});
}

}  // namespace acuate
