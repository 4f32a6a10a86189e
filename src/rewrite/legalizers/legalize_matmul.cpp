#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_floating(node)) return reason;
  Value* x = node.input(0);
  Value* weight = node.input(1);
  const auto rank = rank_of(x);
  if (!rank || *rank < 2 || rank_of(weight) != 2) return "its right side is not a matrix";
  if (*rank == 2) {
    Expansion out(node, context);
    return out.finish(out.add("Gemm", {x, weight}));
  }
  const auto shape = known_shape(x);
  auto result = known_shape(node.output());
  if (!shape || !result || element_count(*shape).value_or(0) == 0 || result->back() == 0)
    return "its shapes are not known, or empty";
  Expansion out(node, context);
  Value* flat = out.reshape(x, {-1, shape->back()});
  return out.finish(out.reshape(out.add("Gemm", {flat, weight}), *result));
}

}  // namespace

void register_rewrite_legalize_matmul(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_matmul",
       .doc = "MatMul with a matrix on the right becomes Gemm, between two Reshapes where the "
              "left side has other than two dimensions.",
       .exactness = Exactness::Rounding,
       .bound = "|y' - y| <= (K + 2) * 2^-22 * sum |a * b| for float32, K the number of "
                "products summed",
       .operators = {"MatMul"},
       .uses = {"Reshape", "Gemm"},
       .rewrite = rewrite});
}

}  // namespace acuate
