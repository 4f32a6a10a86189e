#include <numeric>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

constexpr int64_t kLargest = 4096;

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  Value* x = node.input(0);
  if (x == nullptr || x->type.element != ElementType::Float) return "its elements are not float32";
  const auto rank = rank_of(x);
  const auto given = known_ints(node.input(1), context);
  if (!rank || *rank < 1 || !given || given->size() != 1) return "its axis is not known";
  const auto axis = normalized_axis((*given)[0], *rank);
  if (!axis) return "its axis is out of range";
  const Dim& dim = (*x->type.shape)[static_cast<size_t>(*axis)];
  if (!dim.is_known() || dim.value < 1 || dim.value > kLargest)
    return "the size of its axis is not known, or above 4,096";
  const bool is_reverse = node.int_attribute("reverse", 0) != 0;
  const bool is_exclusive = node.int_attribute("exclusive", 0) != 0;
  Tensor triangle = Tensor::allocate(ElementType::Float, {dim.value, dim.value});
  const auto ones = triangle.mutable_values<float>();
  for (int64_t from = 0; from < dim.value; ++from)
    for (int64_t to = 0; to < dim.value; ++to) {
      const bool counts = is_reverse ? from > to : from < to;
      ones[static_cast<size_t>(from * dim.value + to)] =
          counts || (from == to && !is_exclusive) ? 1.0F : 0.0F;
    }
  std::vector<int64_t> exchanged(static_cast<size_t>(*rank));
  std::iota(exchanged.begin(), exchanged.end(), 0);
  std::swap(exchanged[static_cast<size_t>(*axis)], exchanged.back());
  const bool is_last = *axis == *rank - 1;
  Expansion out(node, context);
  Value* rows = is_last ? x : out.transpose(x, exchanged);
  Value* y = out.add("MatMul", {rows, out.constant(triangle)});
  return out.finish(is_last ? y : out.transpose(y, exchanged));
}

}  // namespace

void register_rewrite_legalize_cum_sum(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_cum_sum",
       .doc = "CumSum along a constant axis of known size becomes MatMul with a triangle of "
              "ones, between Transposes where the axis is not the last.",
       .exactness = Exactness::Rounding,
       .bound = "|y' - y| <= (N + 2) * 2^-23 * sum |x| over the axis for float32 of finite "
                "numbers, N its size (at most 4,096)",
       .operators = {"CumSum"},
       .uses = {"MatMul", "Transpose"},
       .rewrite = rewrite});
}

}  // namespace acuate
