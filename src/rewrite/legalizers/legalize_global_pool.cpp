#include <numeric>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_floating(node)) return reason;
  const auto rank = rank_of(node.input(0));
  if (!rank || *rank < 3) return "the rank of its input is not known, or below 3";
  std::vector<int64_t> axes(static_cast<size_t>(*rank - 2));
  std::iota(axes.begin(), axes.end(), 2);
  Expansion out(node, context);
  const bool is_mean = node.is_op("GlobalAveragePool");
  return out.finish(out.reduce(is_mean ? "ReduceMean" : "ReduceMax", node.input(0), axes));
}

}  // namespace

void register_rewrite_legalize_global_pool(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_global_pool",
       .doc = "GlobalAveragePool becomes ReduceMean, GlobalMaxPool ReduceMax over the spatial "
              "axes.",
       .exactness = Exactness::Rounding,
       .bound = "|y' - y| <= (N + 2) * 2^-23 * mean |x| for float32 averages, N the number of "
                "elements averaged; maxima keep their bits",
       .operators = {"GlobalAveragePool", "GlobalMaxPool"},
       .uses = {"ReduceMean", "ReduceMax"},
       .rewrite = rewrite});
}

}  // namespace acuate
