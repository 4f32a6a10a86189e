#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "simulate/kernel.h"

namespace acuate {
namespace {

// Both sides of a broadcast as one list of strides (ONNX, multidirectional broadcasting).
struct Broadcast {
  Shape shape;
  std::vector<size_t> a, b;  // strides by axis, 0 where the axis is stretched
};

std::vector<size_t> strides_of(const Shape& shape, size_t rank) {
  std::vector<size_t> strides(rank);
  size_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i + rank - shape.size()] = shape[i] == 1 ? 0 : stride;
    stride *= static_cast<size_t>(shape[i]);
  }
  return strides;
}

Result<Broadcast> broadcast(const Shape& a, const Shape& b) {
  const size_t rank = std::max(a.size(), b.size());
  Broadcast out{Shape(rank), strides_of(a, rank), strides_of(b, rank)};
  for (size_t i = 0; i < rank; ++i) {
    const int64_t x = i + a.size() < rank ? 1 : a[i + a.size() - rank];
    const int64_t y = i + b.size() < rank ? 1 : b[i + b.size() - rank];
    if (x != y && x != 1 && y != 1)
      return fail("shapes {} and {} do not fit", format_shape(a), format_shape(b));
    out.shape[i] = x == 1 ? y : x;
  }
  return out;
}

// integers[i] = combine(a, b) for each element of the result.
template <class Combine>
Result<Tensor> for_each_pair(const Tensor& a, const Quantization& a_grid, const Tensor& b,
                             const Quantization& b_grid, const Quantization& out,
                             const Execution& execution, const Combine& combine) {
  auto pairs = broadcast(a.shape(), b.shape());
  if (!pairs) return pairs.error();
  Tensor result = Tensor::allocate(out.element_type(), pairs->shape);
  const std::vector<int32_t> left = centred(a, a_grid), right = centred(b, b_grid);
  const size_t rank = pairs->shape.size();
  const size_t inner = rank == 0 ? 1 : static_cast<size_t>(pairs->shape.back());
  const size_t rows = inner == 0 ? 0 : static_cast<size_t>(result.size()) / inner;
  const size_t step_a = rank == 0 ? 0 : pairs->a.back(), step_b = rank == 0 ? 0 : pairs->b.back();
  const size_t part = std::max<size_t>(1, (size_t{1} << 15) / std::max<size_t>(1, inner));
  const size_t parts = (rows + part - 1) / part;
  parallel_for(parts, execution.threads, [&](size_t p) {
    std::vector<int32_t> line(inner);
    for (size_t row = p * part; row < std::min(rows, (p + 1) * part); ++row) {
      size_t rest = row, at_a = 0, at_b = 0;
      for (size_t axis = rank; axis-- > 1;) {
        const auto size = static_cast<size_t>(pairs->shape[axis - 1]);
        at_a += rest % size * pairs->a[axis - 1];
        at_b += rest % size * pairs->b[axis - 1];
        rest /= size;
      }
      for (size_t x = 0; x < inner; ++x)
        line[x] = combine(left[at_a + x * step_a], right[at_b + x * step_b]);
      store(line, result, row * inner);
    }
  });
  return result;
}

// ±a · m_a ± b · m_b with mantissas of one common shift, then one rounding.
Result<IntegerKernel> sum(const KernelRequest& request, int64_t sign) {
  const double out = static_cast<double>(request.output.scale[0]);
  const double factor_a = static_cast<double>(request.grid(0).scale[0]) / out,
               factor_b = static_cast<double>(request.grid(1).scale[0]) / out;
  const int shift = FixedPoint::of(std::max(factor_a, factor_b)).shift;
  const auto mantissa = [shift](double factor) {
    return static_cast<int64_t>(std::nearbyint(std::ldexp(factor, shift)));
  };
  return IntegerKernel([m_a = mantissa(factor_a), m_b = sign * mantissa(factor_b), shift,
                        bounds = request.rescale(1), a_grid = request.grid(0),
                        b_grid = request.grid(1), grid = request.output](
                           std::span<const Tensor> inputs,
                           const Execution& execution) -> Result<std::vector<Tensor>> {
    // Sums stay below 2^49, so that 64 bits do for the shifts that occur; others take the long way.
    const bool is_short = shift >= 1 && shift <= 61;
    const int64_t below_half = is_short ? (int64_t{1} << (shift - 1)) - 1 : 0;
    auto result = for_each_pair(
        inputs[0], a_grid, inputs[1], b_grid, grid, execution, [&](int32_t a, int32_t b) {
          const int64_t exact = a * m_a + b * m_b;
          const int64_t steps = is_short ? (exact + below_half + ((exact >> shift) & 1)) >> shift
                                         : shift_right(exact, shift);
          return static_cast<int32_t>(
              std::clamp<int64_t>(steps + bounds.zero_point, bounds.lowest, bounds.highest));
        });
    if (!result) return result.error();
    return std::vector{std::move(*result)};
  });
}

Result<IntegerKernel> product(const KernelRequest& request) {
  const Rescale rescale = request.rescale(static_cast<double>(request.grid(0).scale[0]) *
                                          static_cast<double>(request.grid(1).scale[0]) /
                                          static_cast<double>(request.output.scale[0]));
  return IntegerKernel(
      [rescale, a_grid = request.grid(0), b_grid = request.grid(1), grid = request.output](
          std::span<const Tensor> inputs,
          const Execution& execution) -> Result<std::vector<Tensor>> {
        auto result = for_each_pair(inputs[0], a_grid, inputs[1], b_grid, grid, execution,
                                    [&](int32_t a, int32_t b) { return rescale(int64_t{a} * b); });
        if (!result) return result.error();
        return std::vector{std::move(*result)};
      });
}

Result<IntegerKernel> prepare(const KernelRequest& request) {
  if (request.input_count() != 2) return fail("it has {} inputs", request.input_count());
  for (size_t slot = 0; slot < 2; ++slot)
    if (request.inputs[slot].grid == nullptr || request.grid(slot).scale.size() != 1)
      return fail("its input {} is on no grid of one scale", slot);
  if (request.node.is_op("Mul")) return product(request);
  return sum(request, request.node.is_op("Sub") ? -1 : 1);
}

}  // namespace

void register_simulate_arithmetic(KernelRegistry& registry) {
  registry.add({
      .id = "arithmetic",
      .doc = "sums with both factors at one shift, products of the integers; one rounding",
      .operators = {"Add", "Mul", "Sub"},
      .fuses = true,
      .grids_constants = true,
      .prepare = prepare,
  });
}

}  // namespace acuate
