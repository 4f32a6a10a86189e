#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "graph/graph.h"
#include "simulate/kernel.h"

namespace acuate {
namespace {

constexpr int kFraction = 30;  // bits of the exponentials

// round_half_even(numerator / denominator), both not negative.
int64_t divide_half_even(unsigned __int128 numerator, unsigned __int128 denominator) {
  const unsigned __int128 quotient = numerator / denominator,
                          rest = numerator - quotient * denominator;
  const bool up = rest * 2 > denominator || (rest * 2 == denominator && (quotient & 1) != 0);
  return static_cast<int64_t>(quotient) + (up ? 1 : 0);
}

Result<IntegerKernel> prepare(const KernelRequest& request) {
  const Quantization& in = request.grid(0);
  // exp(−d · scale) for each distance d below the greatest.
  std::vector<int64_t> exponentials;
  for (int64_t d = 0; d <= int64_t{in.highest()} - in.lowest(); ++d)
    exponentials.push_back(static_cast<int64_t>(std::nearbyint(std::ldexp(
        std::exp(-static_cast<double>(d) * static_cast<double>(in.scale[0])), kFraction))));
  const FixedPoint factor = FixedPoint::of(1 / static_cast<double>(request.output.scale[0]));
  if (factor.shift < 0 || factor.shift > 60)
    return fail("its scale is {}", request.output.scale[0]);
  // Before opset 13 the axis is where the matrix [rows, columns] begins.
  const bool is_matrix = request.node.graph().opset_version() < 13;
  return IntegerKernel([exponentials = std::move(exponentials), factor, bounds = request.rescale(1),
                        in, grid = request.output, is_matrix,
                        declared = request.node.int_attribute("axis", is_matrix ? 1 : -1)](
                           std::span<const Tensor> inputs,
                           const Execution& execution) -> Result<std::vector<Tensor>> {
    const Shape& shape = inputs[0].shape();
    const auto rank = static_cast<int64_t>(shape.size());
    const int64_t axis = declared < 0 ? declared + rank : declared;
    if (axis < 0 || axis >= rank)
      return fail("axis {} does not exist in {}", declared, format_shape(shape));
    size_t outer = 1, inner = 1, size = 1;
    for (int64_t i = 0; i < rank; ++i) {
      const auto dim = static_cast<size_t>(shape[static_cast<size_t>(i)]);
      (i < axis ? outer : i == axis || is_matrix ? size : inner) *= dim;
    }
    const std::vector<int32_t> values = centred(inputs[0], in);
    Tensor out = Tensor::allocate(grid.element_type(), shape);
    std::vector<int32_t> results(values.size());
    parallel_for(outer * inner, values.size() < 1 << 12 ? 1 : execution.threads, [&](size_t row) {
      const size_t first = row / inner * size * inner + row % inner;
      int32_t greatest = std::numeric_limits<int32_t>::min();
      for (size_t i = 0; i < size; ++i) greatest = std::max(greatest, values[first + i * inner]);
      unsigned __int128 sum = 0;
      const auto exponential = [&](size_t i) {
        return static_cast<uint64_t>(
            exponentials[static_cast<size_t>(greatest - values[first + i * inner])]);
      };
      for (size_t i = 0; i < size; ++i) sum += exponential(i);
      const unsigned __int128 denominator = sum << factor.shift;
      for (size_t i = 0; i < size; ++i) {
        const int64_t steps = divide_half_even(
            static_cast<unsigned __int128>(exponential(i)) * static_cast<uint64_t>(factor.mantissa),
            denominator);
        results[first + i * inner] = static_cast<int32_t>(
            std::clamp<int64_t>(steps + bounds.zero_point, bounds.lowest, bounds.highest));
      }
    });
    store(results, out, 0);
    return std::vector{std::move(out)};
  });
}

}  // namespace

void register_simulate_softmax(KernelRegistry& registry) {
  registry.add({
      .id = "softmax",
      .doc = "exponentials from a table with 30 bits of fraction, their exact sum, one division "
             "rounded half to even",
      .operators = {"Softmax"},
      .prepare = prepare,
  });
}

}  // namespace acuate
