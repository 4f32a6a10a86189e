#include <algorithm>
#include <limits>
#include <numeric>

#include "simulate/kernel.h"

namespace acuate {
namespace {

enum class Kind { Mean, Sum, Max, Min };

// Which axes go, and where each element of the input lands.
struct Reduction {
  Shape shape;                 // of the result
  std::vector<size_t> target;  // strides in the result by axis of the input, 0 where it goes
  size_t count = 1;            // elements that become one
};

Result<Reduction> reduction_of(const Shape& in, std::vector<int64_t> axes, bool keeps_axes,
                               bool all_by_default) {
  const auto rank = static_cast<int64_t>(in.size());
  if (axes.empty() && all_by_default) {
    axes.resize(in.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  std::vector<bool> goes(in.size());
  for (const int64_t declared : axes) {
    const int64_t axis = declared < 0 ? declared + rank : declared;
    if (axis < 0 || axis >= rank)
      return fail("axis {} does not exist in {}", declared, format_shape(in));
    goes[static_cast<size_t>(axis)] = true;
  }
  Reduction out;
  out.target.resize(in.size());
  size_t stride = 1;
  for (size_t i = in.size(); i-- > 0;) {
    if (goes[i]) {
      out.count *= static_cast<size_t>(in[i]);
      if (keeps_axes) out.shape.insert(out.shape.begin(), 1);
      continue;
    }
    out.target[i] = stride;
    stride *= static_cast<size_t>(in[i]);
    out.shape.insert(out.shape.begin(), in[i]);
  }
  return out;
}

Tensor reduce(Kind kind, const Reduction& reduction, std::span<const int32_t> values,
              const Shape& in, const Quantization& grid, const Rescale& rescale) {
  const int64_t start = kind == Kind::Max   ? std::numeric_limits<int64_t>::min()
                        : kind == Kind::Min ? std::numeric_limits<int64_t>::max()
                                            : 0;
  std::vector<int64_t> sums(static_cast<size_t>(element_count(reduction.shape).value_or(0)), start);
  std::vector<int64_t> index(in.size());
  size_t at = 0;
  for (const int32_t value : values) {
    sums[at] = kind == Kind::Max   ? std::max<int64_t>(sums[at], value)
               : kind == Kind::Min ? std::min<int64_t>(sums[at], value)
                                   : sums[at] + value;
    for (size_t axis = in.size(); axis-- > 0;) {
      at += reduction.target[axis];
      if (++index[axis] < in[axis]) break;
      at -= reduction.target[axis] * static_cast<size_t>(in[axis]);
      index[axis] = 0;
    }
  }
  std::vector<int32_t> results(sums.size());
  for (size_t i = 0; i < sums.size(); ++i) results[i] = rescale(sums[i]);
  return integers_of(results, grid, reduction.shape);
}

Result<IntegerKernel> prepare(const KernelRequest& request) {
  const Node& node = request.node;
  const Kind kind = node.is_op("ReduceMean")  ? Kind::Mean
                    : node.is_op("ReduceSum") ? Kind::Sum
                    : node.is_op("ReduceMax") ? Kind::Max
                                              : Kind::Min;
  std::vector<int64_t> axes = node.ints_attribute("axes");
  if (request.input_count() > 1 && !request.inputs[1].is_omitted) {
    const auto& constant = request.inputs[1].constant;
    if (!constant || constant->type() != ElementType::Int64) return fail("its axes are computed");
    axes.assign(constant->values<int64_t>().begin(), constant->values<int64_t>().end());
  }
  return IntegerKernel(
      [kind, axes, keeps = node.int_attribute("keepdims", 1) != 0,
       all = node.int_attribute("noop_with_empty_axes", 0) == 0, in = request.grid(0),
       grid = request.output, bounds = request.rescale(1)](
          std::span<const Tensor> inputs, const Execution&) -> Result<std::vector<Tensor>> {
        auto reduction = reduction_of(inputs[0].shape(), axes, keeps, all);
        if (!reduction) return reduction.error();
        if (inputs[0].size() == 0)
          return fail("its input {} is empty", format_shape(inputs[0].shape()));
        const double factor = static_cast<double>(in.scale[0]) / static_cast<double>(grid.scale[0]);
        Rescale rescale = bounds;
        rescale.factor = FixedPoint::of(
            kind == Kind::Mean ? factor / static_cast<double>(reduction->count) : factor);
        return std::vector{
            reduce(kind, *reduction, centred(inputs[0], in), inputs[0].shape(), grid, rescale)};
      });
}

}  // namespace

void register_simulate_reduce(KernelRegistry& registry) {
  registry.add({
      .id = "reduce",
      .doc = "exact sum, one rescaling, which divides by the count of a mean",
      .operators = {"ReduceMean", "ReduceSum"},
      .prepare = prepare,
  });
  registry.add({
      .id = "reduce_extremes",
      .doc = "the greatest or least integer",
      .operators = {"ReduceMax", "ReduceMin"},
      .moves = always_moves,
      .prepare = prepare,
  });
}

}  // namespace acuate
