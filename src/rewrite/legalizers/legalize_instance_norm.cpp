#include <numeric>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"
#include "rewrite/moments.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  Value* x = node.input(0);
  const auto rank = rank_of(x);
  if (!rank || *rank < 3) return "the rank of its input is not known, or below 3";
  std::vector<int64_t> axes(static_cast<size_t>(*rank - 2));
  std::iota(axes.begin(), axes.end(), 2);
  Expansion out(node, context);
  Value* y = normalize(out, x, axes, node.float_attribute("epsilon", 1e-5F));
  return out.finish(scale_channels(out, y, node.input(1), node.input(2), *rank));
}

}  // namespace

void register_rewrite_legalize_instance_norm(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_instance_norm",
       .doc = "InstanceNormalization becomes ReduceMean, Sub, Mul, Sqrt and Div over the "
              "spatial axes, with scale and bias by Mul and Add.",
       .exactness = Exactness::Rounding,
       .bound = "|y' - y| <= (N + 16) * 2^-22 * (1 + mean^2 / (var + eps)) * (|scale| * (|x - "
                "mean| / sqrt(var + eps) + 1) + |bias|) for float32, N the number of normalized "
                "elements",
       .operators = {"InstanceNormalization"},
       .uses = {"ReduceMean", "Sub", "Mul", "Add", "Sqrt", "Div", "Reshape"},
       .rewrite = rewrite});
}

}  // namespace acuate
