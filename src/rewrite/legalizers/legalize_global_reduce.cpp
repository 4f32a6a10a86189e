#include <algorithm>
#include <numeric>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_floating(node)) return reason;
  const auto rank = rank_of(node.input(0));
  auto axes = ints_of(node, "axes", 1, context);
  if (!rank || *rank < 3 || !axes) return "its rank or its axes are not known";
  for (int64_t& axis : *axes) axis += axis < 0 ? *rank : 0;
  std::sort(axes->begin(), axes->end());
  std::vector<int64_t> spatial(static_cast<size_t>(*rank - 2));
  std::iota(spatial.begin(), spatial.end(), 2);
  if (*axes != spatial) return "its axes are not the spatial ones";
  Expansion out(node, context);
  Value* y =
      out.add(node.is_op("ReduceMean") ? "GlobalAveragePool" : "GlobalMaxPool", {node.input(0)});
  if (node.int_attribute("keepdims", 1) == 0) y = out.reshape(y, {0, -1});
  return out.finish(y);
}

}  // namespace

void register_rewrite_legalize_global_reduce(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_global_reduce",
                .doc = "ReduceMean and ReduceMax over all spatial axes of [N, C, …] become "
                       "GlobalAveragePool and GlobalMaxPool.",
                .exactness = Exactness::Rounding,
                .bound =
                    "|y' - y| <= (N + 2) * 2^-23 * mean |x| for float32 averages, N the number of "
                    "elements averaged; maxima keep their bits",
                .operators = {"ReduceMean", "ReduceMax"},
                .uses = {"GlobalAveragePool", "GlobalMaxPool", "Reshape"},
                .rewrite = rewrite});
}

}  // namespace acuate
