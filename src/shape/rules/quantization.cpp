// Quantized tensors: to and from numbers with a scale, and operators on quantized tensors.
#include <fmt/format.h>

#include "shape/axes.h"
#include "shape/operands.h"

namespace acuate {
namespace {

using Element = ElementType;

// Scale and zero point: of all (a scalar or one element), per axis, or (with block_size) per block.
bool check_scale(RuleContext& context, size_t scale, size_t zero_point) {
  const Dims *shape = context.shape(0), *of_scale = context.shape(scale),
             *of_zero = context.shape(zero_point);
  if (of_scale && of_zero && of_scale->size() != of_zero->size() && of_scale->size() > 1)
    return context.refuse(
        fmt::format("its scale has rank {}, its zero point {}", of_scale->size(), of_zero->size()));
  if (of_scale && of_zero)
    for (size_t i = 0; i < of_scale->size() && i < of_zero->size(); ++i)
      if (!check_same(context, (*of_zero)[i], (*of_scale)[i],
                      "shape of the zero point against the "
                      "scale's"))
        return false;
  const int64_t block = context.int_attribute("block_size", 0);
  if (shape == nullptr || of_scale == nullptr || of_scale->empty() ||
      (of_scale->size() == 1 && (*of_scale)[0].is_number(1) && block == 0))
    return true;
  // Per axis; axis is ignored where there is one scale.
  const int64_t given = context.int_attribute("axis", 1);
  if (of_scale->size() == 1 && block == 0 && (*of_scale)[0].is_number()) {
    const auto axis = axis_of(context, given, shape->size());
    return axis && check_same(context, (*of_scale)[0], (*shape)[*axis],
                              fmt::format("scales against the input's dimension {}", *axis));
  }
  if (block <= 0 || of_scale->size() != shape->size()) return true;
  const auto axis = axis_of(context, given, shape->size());
  if (!axis) return false;
  for (size_t i = 0; i < shape->size(); ++i)
    if (!check_same(context, (*of_scale)[i],
                    i == *axis ? ceil_div((*shape)[i], block) : (*shape)[i],
                    fmt::format("scales along axis {}", i)))
      return false;
  return true;
}

bool infer_quantize(RuleContext& context) {
  if (!check_scale(context, 1, 2)) return false;
  const Element element = context.has_input(2)
                              ? context.element(2)
                              : element_attribute(context, "output_dtype", Element::Uint8);
  set_like(context, 0, 0, element);
  return true;
}
bool infer_dequantize(RuleContext& context) {
  if (!check_scale(context, 1, 2)) return false;
  set_like(
      context, 0, 0,
      element_attribute(context, "output_dtype", known_or(context.element(1), Element::Float)));
  return true;
}
bool infer_dynamic_quantize(RuleContext& context) {
  set_like(context, 0, 0, Element::Uint8);
  context.set(1, Element::Float, Dims{});
  context.set(2, Element::Uint8, Dims{});
  return true;
}

// QLinearAdd, QLinearMul: A, scale, zero point, B, …
bool infer_binary(RuleContext& context) {
  constexpr size_t kSlots[] = {0, 3};
  auto out = broadcast_inputs(context, kSlots);
  if (context.is_refused()) return false;
  context.set(0, context.element(0), std::move(out));
  return true;
}
bool infer_multiply_integer(RuleContext& context) {
  constexpr size_t kSlots[] = {0, 2};
  auto out = broadcast_inputs(context, kSlots);
  if (context.is_refused()) return false;
  context.set(0, Element::Int32, std::move(out));
  return true;
}
bool infer_where(RuleContext& context) {
  constexpr size_t kSlots[] = {0, 1, 4};
  auto out = broadcast_inputs(context, kSlots);
  if (context.is_refused()) return false;
  context.set(0, context.element(1), std::move(out));
  return true;
}

// Scale and zero point of the result, then tensor, scale, zero point of each part.
bool infer_concat(RuleContext& context) {
  std::optional<Dims> out;
  std::optional<size_t> axis;
  for (size_t slot = 2; slot < context.input_count(); slot += 3) {
    const Dims* shape = context.shape(slot);
    if (shape == nullptr) {
      context.set(0, context.element(1), std::nullopt);
      return true;
    }
    if (!out) {
      if (context.attribute("axis") == nullptr)
        return context.refuse("it lacks the attribute axis");
      axis = axis_of(context, context.int_attribute("axis", 0), shape->size());
      if (!axis) return false;
      out = *shape;
      continue;
    }
    if (shape->size() != out->size())
      return context.refuse(
          fmt::format("its parts have ranks {} and {}", out->size(), shape->size()));
    for (size_t i = 0; i < shape->size(); ++i)
      (*out)[i] = i == *axis ? (*out)[i] + (*shape)[i]
                             : unify(context, (*out)[i], (*shape)[i], "its parts differ");
    if (context.is_refused()) return false;
  }
  context.set(0, context.element(1), std::move(out));
  return true;
}

bool infer_quantize_with_order(RuleContext& context) {
  set_like(context, 0, 0, Element::Int8);
  return true;
}
bool infer_dequantize_with_order(RuleContext& context) {
  set_like(context, 0, 0,
           element_attribute(context, "to", known_or(context.element(1), Element::Float)));
  return true;
}
// Blocks of floating-point numbers with one exponent: bytes, then shape and strides of the input.
bool infer_quantize_blocks(RuleContext& context) {
  const Dims* shape = context.shape(0);
  const Expr rank = shape ? Expr(static_cast<int64_t>(shape->size())) : Expr::unknown();
  context.set(0, Element::Uint8, Dims{Expr::unknown()});
  context.set(1, Element::Int64, Dims{rank});
  if (shape) context.set_data(1, {*shape, 1});
  context.set(2, Element::Int64, Dims{rank});
  return true;
}
bool infer_dequantize_blocks(RuleContext& context) {
  const auto shape = context.integers(1);
  context.set(0, element_attribute(context, "dtype", Element::Float),
              shape ? std::optional(Dims(*shape)) : std::nullopt);
  return true;
}

// Gather from a quantized table; below 8 bits uint8 holds several numbers along the last axis.
bool infer_gather_blocks(RuleContext& context) {
  const Dims *data = context.shape(0), *indices = context.shape(1);
  const Element element = context.element(2);
  if (!check_rank(context, 0, 1, SIZE_MAX)) return false;
  if (data == nullptr || indices == nullptr) {
    context.set(0, element, std::nullopt);
    return true;
  }
  const auto axis = axis_of(context, context.int_attribute("gather_axis", 0), data->size());
  if (!axis) return false;
  Dims out = *data;
  if (const int64_t bits = context.int_attribute("bits", 4);
      context.element(0) == Element::Uint8 && bits > 0 && bits < 8)
    out.back() = out.back() * (8 / bits);
  const auto place = out.begin() + static_cast<std::ptrdiff_t>(*axis);
  out.insert(out.erase(place), indices->begin(), indices->end());
  context.set(0, element, std::move(out));
  return true;
}

}  // namespace

void register_shape_quantization(ShapeFamilyRegistry& registry) {
  const std::string ms = "com.microsoft";
  registry.add({.id = "quantization",
                .doc = "quantize, dequantize and elementwise operators on quantized tensors",
                .operators = {{"", "QuantizeLinear", false, infer_quantize},
                              {"", "DequantizeLinear", false, infer_dequantize},
                              {"", "DynamicQuantizeLinear", false, infer_dynamic_quantize},
                              {ms, "QuantizeLinear", false, infer_quantize},
                              {ms, "DequantizeLinear", false, infer_dequantize},
                              {ms, "QLinearAdd", false, infer_binary},
                              {ms, "QLinearMul", false, infer_binary},
                              {ms, "MulInteger", false, infer_multiply_integer},
                              {ms, "QLinearWhere", false, infer_where},
                              {ms, "QLinearConcat", false, infer_concat},
                              {ms, "QLinearLeakyRelu", false, infer_like_first},
                              {ms, "QLinearSigmoid", false, infer_like_first},
                              {ms, "QOrderedGelu", false, infer_like_first},
                              {ms, "QuantizeWithOrder", false, infer_quantize_with_order},
                              {ms, "DequantizeWithOrder", false, infer_dequantize_with_order},
                              {ms, "QuantizeBFP", false, infer_quantize_blocks},
                              {ms, "DequantizeBFP", false, infer_dequantize_blocks},
                              {ms, "GatherBlockQuantized", false, infer_gather_blocks}}});
}

}  // namespace acuate
