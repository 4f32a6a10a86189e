#include <numeric>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  Value* x = node.input(0);
  const auto rank = rank_of(x);
  if (!rank) return "the rank of its input is not known";
  auto axes = ints_of(node, "axes", 1, context);
  if (!axes) return "its axes are not constant";
  if (axes->empty() && node.int_attribute("noop_with_empty_axes", 0) != 0)
    return "it reduces no axis";
  if (axes->empty()) {
    axes->resize(static_cast<size_t>(*rank));
    std::iota(axes->begin(), axes->end(), 0);
  }
  if (axes->empty()) return "its input is a scalar";
  for (int64_t& axis : *axes) axis += axis < 0 ? *rank : 0;
  Expansion out(node, context);
  Value* y = x;
  if (node.is_op("ReduceL1")) y = out.add("Abs", {x});
  if (node.is_op("ReduceL2") || node.is_op("ReduceSumSquare")) y = out.add("Mul", {x, x});
  y = out.reduce("ReduceSum", y, *axes, node.int_attribute("keepdims", 1) != 0);
  if (node.is_op("ReduceL2")) y = out.add("Sqrt", {y});
  if (node.is_op("ReduceLogSum")) y = out.add("Log", {y});
  return out.finish(y);
}

}  // namespace

void register_rewrite_legalize_reduce(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_reduce",
       .doc = "ReduceL1, ReduceL2, ReduceSumSquare and ReduceLogSum become ReduceSum with Abs "
              "or Mul before it and Sqrt or Log behind it.",
       .exactness = Exactness::Rounding,
       .bound = "|y' - y| <= (N + 4) * 2^-22 * y for float32, N the number of elements summed; "
                "ReduceLogSum: (N + 4) * 2^-22 * max(1, |y|) where all elements are above zero",
       .operators = {"ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum"},
       .uses = {"Abs", "Mul", "ReduceSum", "Sqrt", "Log"},
       .rewrite = rewrite});
}

}  // namespace acuate
