#include "rewrite/expansion.h"
#include "rewrite/facts.h"
#include "rewrite/resample.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  ResizeRule rule;
  std::vector<ResizedAxis> axes;
  if (auto reason = read_resize(node, context, rule, axes)) return reason;
  if (rule.mode != "nearest") return "it is not to the nearest";
  Expansion out(node, context);
  Value* y = node.input(0);
  for (const ResizedAxis& axis : axes)
    y = out.add("Gather", {y, out.ints(nearest_indices(rule, axis))}, {{"axis", axis.axis}});
  return out.finish(y);
}

}  // namespace

void register_rewrite_legalize_resize_gather(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_resize_gather",
                .doc = "Resize to the nearest becomes Gather by constant indices along each axis.",
                .exactness = Exactness::Exact,
                .operators = {"Resize", "Upsample"},
                .uses = {"Gather"},
                .rewrite = rewrite});
}

}  // namespace acuate
