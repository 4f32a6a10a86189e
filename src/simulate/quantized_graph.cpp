#include "simulate/quantized_graph.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/constants.h"

namespace acuate {
namespace {

bool is_operator(const Node& node, std::string_view op) {
  return node.op_type() == op && (node.domain().empty() || node.domain() == "com.microsoft");
}

bool is_power_of_two(float scale) {
  int exponent = 0;
  return std::frexp(scale, &exponent) == 0.5F;
}

Result<std::string> scheme_of(ElementType type, const std::vector<float>& scale) {
  const bool shifts = std::all_of(scale.begin(), scale.end(), is_power_of_two);
  switch (type) {
    case ElementType::Int8:
      return std::string(shifts ? "dfp8" : "s8");
    case ElementType::Uint8:
      return std::string("u8");
    case ElementType::Int16:
      return std::string(shifts ? "dfp16" : "s16");
    case ElementType::Uint16:
      return std::string("u16");
    case ElementType::Int32:
      return std::string("bias");
    default:
      return fail("integers of type {} are not simulated", element_type_name(type));
  }
}

std::optional<Tensor> constant_input(const Node& node, size_t slot) {
  const Value* value = node.input(slot);
  return value == nullptr ? std::nullopt : load_constant(node.graph().model(), *value);
}

float bound_of(const Node& clip, size_t slot, std::string_view attribute, float fallback) {
  if (clip.input(slot) == nullptr) return clip.float_attribute(attribute, fallback);
  const auto bound = constant_input(clip, slot);
  return bound && bound->type() == ElementType::Float && bound->size() == 1
             ? bound->values<float>()[0]
             : std::numeric_limits<float>::quiet_NaN();
}

struct RealBounds {
  float low, high;
};
// NaN: not constant.
RealBounds real_bounds(const Node& node) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (node.is_op("Relu")) return {0, kInfinity};
  return {bound_of(node, 1, "min", -kInfinity), bound_of(node, 2, "max", kInfinity)};
}

}  // namespace

bool is_quantize(const Node& node) { return is_operator(node, "QuantizeLinear"); }
bool is_dequantize(const Node& node) { return is_operator(node, "DequantizeLinear"); }

Result<Quantization> grid_of(const Node& node) {
  const auto scale = constant_input(node, 1), zero_point = constant_input(node, 2);
  if (!scale || scale->type() != ElementType::Float || (node.input(2) != nullptr && !zero_point))
    return fail("node '{}': its scale or zero point is not a float32 constant", node.address());
  if (node.int_attribute("block_size", 0) != 0)
    return fail("node '{}': scales in blocks are not simulated", node.address());
  ElementType type = ElementType::Uint8;
  if (zero_point)
    type = zero_point->type();
  else if (is_dequantize(node))
    type =
        node.input(0)->initializer ? node.input(0)->initializer->type : node.input(0)->type.element;
  else if (node.int_attribute("output_dtype", 0) != 0)
    type = static_cast<ElementType>(node.int_attribute("output_dtype", 0));
  Quantization grid;
  grid.scale.assign(scale->values<float>().begin(), scale->values<float>().end());
  auto scheme = scheme_of(type, grid.scale);
  if (!scheme) return fail("node '{}': {}", node.address(), scheme.error().message);
  grid.scheme = *scheme;
  grid.bits = element_bits(type);
  grid.is_signed = type != ElementType::Uint8 && type != ElementType::Uint16;
  grid.zero_point.assign(grid.scale.size(), 0);
  if (zero_point) {
    if (zero_point->size() != scale->size())
      return fail("node '{}': {} scales but {} zero points", node.address(), scale->size(),
                  zero_point->size());
    grid.zero_point = centred(*zero_point, grid);
  }
  if (scale->shape().size() > 1)
    return fail("node '{}': scales of shape {} are not simulated", node.address(),
                format_shape(scale->shape()));
  if (grid.scale.size() > 1) {
    int64_t axis = node.int_attribute("axis", 1);
    if (const auto& initializer = node.input(0)->initializer; axis < 0 && initializer)
      axis += static_cast<int64_t>(initializer->shape.size());
    if (axis < 0) return fail("node '{}': its axis is {}", node.address(), axis);
    grid.per_channel_axis = static_cast<int>(axis);
  }
  for (size_t i = 0; i < grid.scale.size(); ++i) {
    if (!std::isfinite(grid.scale[i]) || grid.scale[i] <= 0)
      return fail("node '{}': its scale is {}; it must be finite and above 0", node.address(),
                  grid.scale[i]);
    if (grid.zero_point[i] != 0 && (grid.is_signed || grid.scale.size() > 1))
      return fail("node '{}': {} with zero point {} are not simulated", node.address(),
                  grid.is_signed ? "signed integers" : "channels", grid.zero_point[i]);
  }
  return grid;
}

std::optional<Quantization> wanted_grid(const Value& value) {
  if (value.is_output() || value.uses().empty()) return std::nullopt;
  std::optional<Quantization> wanted;
  for (const Use& use : value.uses()) {
    if (!is_quantize(*use.node) || use.slot != 0) return std::nullopt;
    auto grid = grid_of(*use.node);
    if (!grid || (wanted && !(*wanted == *grid)) || grid->per_channel_axis >= 0)
      return std::nullopt;
    wanted = std::move(*grid);
  }
  return wanted;
}

const Node* fused_activation(const Node& node) {
  const Value* result = node.output();
  if (result == nullptr || result->is_output() || result->uses().size() != 1) return nullptr;
  const Use use = result->uses()[0];
  const Node& user = *use.node;
  if (use.slot != 0 || &user.graph() != &node.graph() || user.output() == nullptr) return nullptr;
  if (!user.is_op("Relu") && !user.is_op("Clip")) return nullptr;
  const RealBounds bounds = real_bounds(user);
  if (!(bounds.low <= bounds.high) || !wanted_grid(*user.output())) return nullptr;
  return &user;
}

IntegerBounds bounds_of(const Node* activation, const Quantization& grid) {
  IntegerBounds bounds{grid.lowest(), grid.highest()};
  if (activation == nullptr) return bounds;
  const RealBounds real = real_bounds(*activation);
  if (std::isfinite(real.low)) bounds.lowest = integer_of(real.low, grid);
  if (std::isfinite(real.high)) bounds.highest = integer_of(real.high, grid);
  return bounds;
}

Tensor real_values(const Tensor& integers, const Quantization& grid) {
  Tensor out = Tensor::allocate(ElementType::Float, integers.shape());
  const std::vector<int32_t> steps = centred(integers, grid);
  const auto values = out.mutable_values<float>();
  size_t inner = 1;
  if (grid.per_channel_axis >= 0)
    for (size_t axis = static_cast<size_t>(grid.per_channel_axis) + 1;
         axis < integers.shape().size(); ++axis)
      inner *= static_cast<size_t>(integers.shape()[axis]);
  for (size_t i = 0; i < steps.size(); ++i)
    values[i] = static_cast<float>(steps[i]) * grid.scale[i / inner % grid.scale.size()];
  return out;
}

int32_t integer_of(double real, const Quantization& grid) {
  const double steps = real / static_cast<double>(grid.scale[0]);
  const double rounded = std::nearbyint(steps) + grid.zero_point[0];
  return static_cast<int32_t>(std::clamp(std::isnan(rounded) ? grid.lowest() : rounded,
                                         double(grid.lowest()), double(grid.highest())));
}

}  // namespace acuate
