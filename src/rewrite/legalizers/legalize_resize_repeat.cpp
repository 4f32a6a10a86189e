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
  for (const ResizedAxis& axis : axes) {
    const int64_t factor = axis.to / axis.from;
    const auto indices = nearest_indices(rule, axis);
    for (int64_t i = 0; i < axis.to; ++i)
      if (axis.to % axis.from != 0 || indices[static_cast<size_t>(i)] != i / factor)
        return "it does not repeat each element as often";
  }
  Shape shape = *known_shape(node.input(0));
  if (element_count(shape).value_or(0) == 0) return "it is empty";
  Expansion out(node, context);
  Value* y = node.input(0);
  for (const ResizedAxis& axis : axes) {
    Shape apart{1, axis.from, 1, 1};
    for (int64_t i = 0; i < static_cast<int64_t>(shape.size()); ++i)
      if (i != axis.axis) apart[i < axis.axis ? 0 : 3] *= shape[static_cast<size_t>(i)];
    y = out.add("Tile", {out.reshape(y, apart), out.ints({1, 1, axis.to / axis.from, 1})});
    shape[static_cast<size_t>(axis.axis)] = axis.to;
  }
  return out.finish(out.reshape(y, shape));
}

}  // namespace

void register_rewrite_legalize_resize_repeat(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_resize_repeat",
                .doc = "Resize to the nearest by whole factors, where each element is repeated, "
                       "becomes Reshape and Tile, of at most four dimensions.",
                .exactness = Exactness::Exact,
                .operators = {"Resize", "Upsample"},
                .uses = {"Reshape", "Tile"},
                .rewrite = rewrite});
}

}  // namespace acuate
