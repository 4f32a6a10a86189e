// Reductions over axes, and what runs along one axis.
#include <numeric>

#include <fmt/format.h>

#include "shape/axes.h"
#include "shape/operands.h"

namespace acuate {
namespace {

using Element = ElementType;

// Which axes go; nothing where they depend on data (`count` then says how many, where known).
struct Axes {
  std::optional<std::vector<size_t>> list;
  std::optional<size_t> count;
};

// From the attribute or, in newer opsets, the input; an empty list means all, or none with
// noop_with_empty_axes.
std::optional<Axes> reduced_axes(RuleContext& context, size_t rank) {
  Axes axes;
  std::vector<int64_t> given;
  if (context.has_input(1) && context.attribute("axes") == nullptr) {
    const auto numbers = context.numbers(1);
    if (!numbers) {
      const Expr length = dim_of(context, 1, 0);
      if (length.as_number().value_or(0) > 0 && *length.as_number() <= static_cast<int64_t>(rank))
        axes.count = static_cast<size_t>(*length.as_number());
      return axes;
    }
    given = *numbers;
  } else {
    given = context.ints_attribute("axes").value_or(std::vector<int64_t>());
  }
  if (given.empty() && context.int_attribute("noop_with_empty_axes", 0) == 0) {
    axes.list.emplace(rank);
    std::iota(axes.list->begin(), axes.list->end(), 0);
    return axes;
  }
  axes.list = axes_of(context, given, rank);
  return axes.list ? std::optional(axes) : std::nullopt;
}

std::optional<Dims> reduced(const Dims& shape, const Axes& axes, bool keep) {
  if (!axes.list) {
    if (!keep)
      return axes.count ? std::optional(unknown_dims(shape.size() - *axes.count)) : std::nullopt;
    Dims out = unknown_dims(shape.size());
    for (size_t axis = 0; axis < shape.size(); ++axis)
      if (shape[axis].is_number(1)) out[axis] = 1;
    return out;
  }
  Dims out;
  size_t next = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    const bool goes = next < axes.list->size() && (*axes.list)[next] == axis;
    next += goes ? 1 : 0;
    if (!goes) out.push_back(shape[axis]);
    if (goes && keep) out.emplace_back(1);
  }
  return out;
}

using Combine = Expr (*)(Expr, Expr);

// The elements of small integer tensors, reduced. `shape` has numbers only, as its data is known.
std::optional<ShapeData> reduced_data(const ShapeData& data, const Dims& shape, const Axes& axes,
                                      Combine combine) {
  if (!axes.list || !combine) return std::nullopt;
  int64_t size = 1;
  std::vector<int64_t> dims;
  for (const Expr& dim : shape) {
    if (!dim.is_number()) return std::nullopt;
    dims.push_back(*dim.as_number());
    size *= dims.back();
  }
  if (size == 0 || size != static_cast<int64_t>(data.values.size())) return std::nullopt;
  // Where each element goes: strides of the result, 0 along the axes that go.
  std::vector<int64_t> stride(dims.size(), 0);
  int64_t results = 1;
  for (size_t axis = dims.size(); axis-- > 0;)
    if (!std::binary_search(axes.list->begin(), axes.list->end(), axis)) {
      stride[axis] = results;
      results *= dims[axis];
    }
  std::vector<std::optional<Expr>> out(static_cast<size_t>(results));
  for (size_t i = 0; i < data.values.size(); ++i) {
    auto rest = static_cast<int64_t>(i);
    int64_t target = 0;
    for (size_t axis = dims.size(); axis-- > 0; rest /= dims[axis])
      target += rest % dims[axis] * stride[axis];
    auto& slot = out[static_cast<size_t>(target)];
    slot = slot ? combine(*slot, data.values[i]) : data.values[i];
  }
  ShapeData result;
  result.denominator = data.denominator;
  for (const auto& value : out) result.values.push_back(*value);
  return result;
}

bool reduce(RuleContext& context, Element element, Combine combine) {
  const Dims* shape = context.shape(0);
  const bool keep = context.int_attribute("keepdims", 1) == 1;
  if (shape == nullptr) {
    const bool all = !context.has_input(1) && context.attribute("axes") == nullptr && !keep &&
                     context.int_attribute("noop_with_empty_axes", 0) == 0;
    context.set(0, element, all ? std::optional(Dims()) : std::nullopt);
    return true;
  }
  const auto axes = reduced_axes(context, shape->size());
  if (!axes) return false;
  context.set(0, element, reduced(*shape, *axes, keep));
  if (const ShapeData* data = combine ? context.data(0) : nullptr)
    if (auto result = reduced_data(*data, *shape, *axes, combine))
      context.set_data(0, std::move(*result));
  return true;
}

Expr add(Expr a, Expr b) { return a + b; }
Expr multiply(Expr a, Expr b) { return a * b; }

bool infer_reduce(RuleContext& context) { return reduce(context, context.element(0), nullptr); }
bool infer_sum(RuleContext& context) { return reduce(context, context.element(0), add); }
bool infer_min(RuleContext& context) { return reduce(context, context.element(0), min); }
bool infer_max(RuleContext& context) { return reduce(context, context.element(0), max); }
bool infer_product(RuleContext& context) {
  const ShapeData* data = context.data(0);  // fractions would multiply their denominators
  return reduce(context, context.element(0),
                data != nullptr && data->denominator == 1 ? multiply : nullptr);
}
// Its other inputs are scales and zero points; axes stand in the attribute.
bool infer_qlinear_reduce_mean(RuleContext& context) {
  const Dims* shape = context.shape(0);
  Axes axes;
  const auto given = context.ints_attribute("axes").value_or(std::vector<int64_t>());
  if (shape != nullptr) {
    axes.list.emplace(shape->size());
    std::iota(axes.list->begin(), axes.list->end(), 0);
    if (!given.empty()) axes.list = axes_of(context, given, shape->size());
    if (!axes.list) return false;
  }
  context.set(
      0, context.element(0),
      shape ? reduced(*shape, axes, context.int_attribute("keepdims", 1) == 1) : std::nullopt);
  return true;
}
bool infer_reduce_integer(RuleContext& context) {
  return reduce(context, context.element(0) == Element::Uint8 ? Element::Uint32 : Element::Int32,
                nullptr);
}

bool infer_arg(RuleContext& context) {
  const Dims* shape = context.shape(0);
  std::optional<Dims> out;
  if (shape != nullptr) {
    const auto axis = axis_of(context, context.int_attribute("axis", 0), shape->size());
    if (!axis) return false;
    out =
        reduced(*shape, {std::vector<size_t>{*axis}, 1}, context.int_attribute("keepdims", 1) == 1);
  }
  context.set(0, Element::Int64, std::move(out));
  return true;
}

// CumSum and CumProd: the axis is an input.
bool infer_cumulative(RuleContext& context) {
  const auto axis = context.numbers(1);
  const Dims* shape = context.shape(0);
  if (axis && shape && axis->size() == 1 && !axis_of(context, axis->front(), shape->size()))
    return false;
  return check_rank(context, 1, 0, 1) && infer_like_first(context);
}

}  // namespace

void register_shape_reduction(ShapeFamilyRegistry& registry) {
  const std::string ms = "com.microsoft";
  registry.add({.id = "reduction",
                .doc = "reductions over axes; sums, products and extremes of small integer data",
                .operators = {{"", "ReduceSum", true, infer_sum},
                              {"", "ReduceProd", true, infer_product},
                              {"", "ReduceMin", true, infer_min},
                              {"", "ReduceMax", true, infer_max},
                              {"", "ReduceMean", false, infer_reduce},
                              {"", "ReduceL1", false, infer_reduce},
                              {"", "ReduceL2", false, infer_reduce},
                              {"", "ReduceLogSum", false, infer_reduce},
                              {"", "ReduceLogSumExp", false, infer_reduce},
                              {"", "ReduceSumSquare", false, infer_reduce},
                              {"", "ArgMax", false, infer_arg},
                              {"", "ArgMin", false, infer_arg},
                              {"", "CumSum", false, infer_cumulative},
                              {"", "CumProd", false, infer_cumulative},
                              {ms, "ReduceSumInteger", false, infer_reduce_integer},
                              {ms, "QLinearReduceMean", false, infer_qlinear_reduce_mean}}});
}

}  // namespace acuate
