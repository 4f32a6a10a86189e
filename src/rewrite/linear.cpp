#include "rewrite/linear.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

constexpr const char* kUnreadable = "its weights cannot be read";
constexpr const char* kOverflow = "the weights would leave the range of float32";

// Each value rounded once; nothing where a finite one becomes infinite.
bool store(Tensor& tensor, size_t i, double value) {
  const auto rounded = static_cast<float>(value);
  tensor.mutable_values<float>()[i] = rounded;
  return std::isfinite(rounded) || !std::isfinite(value);
}

bool fits_float(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) {
    return std::isfinite(static_cast<float>(value)) || !std::isfinite(value);
  });
}

bool scales(const ChannelMap& map) {
  return std::any_of(map.scale.begin(), map.scale.end(), [](double value) { return value != 1; });
}

// Calls visit(output channel, input channel, flat index) for each weight.
template <class Visit>
void for_each_weight(const Linear& linear, const Visit& visit) {
  const Shape& shape = linear.weight_shape;
  const bool first_is_output =
      linear.node->is_op("Conv") ||
      (linear.node->is_op("Gemm") && linear.node->int_attribute("transB", 0) != 0);
  const int64_t group = is_convolution(*linear.node) ? linear.node->int_attribute("group", 1) : 1;
  const int64_t inner =
      shape[0] * shape[1] == 0 ? 0 : *element_count(shape) / (shape[0] * shape[1]);
  size_t i = 0;
  for (int64_t a = 0; a < shape[0]; ++a)
    for (int64_t b = 0; b < shape[1]; ++b) {
      // The second axis counts within the group that the first one is in.
      const int64_t other = a / (shape[0] / group) * shape[1] + b;
      const auto output = static_cast<size_t>(first_is_output ? a : other);
      const auto input = static_cast<size_t>(first_is_output ? other : a);
      for (int64_t k = 0; k < inner; ++k, ++i) visit(output, input, i);
    }
}

// The weights times factor(output channel, input channel).
template <class Factor>
std::optional<std::string> scaled_weight(const Linear& linear, const Factor& factor,
                                         std::optional<Tensor>& out) {
  const auto weight = float_constant(linear.node->input(1));
  if (!weight) return kUnreadable;
  out = Tensor::allocate(ElementType::Float, weight->shape());
  const auto from = weight->values<float>();
  bool fits = true;
  for_each_weight(linear, [&](size_t output, size_t input, size_t i) {
    fits &= store(*out, i, from[i] * factor(output, input));
  });
  return fits ? std::nullopt : std::optional<std::string>(kOverflow);
}

// The bias as one value for each channel, times Gemm's beta; nothing where it is of another form.
std::optional<std::vector<double>> bias_values(const Linear& linear) {
  std::vector<double> values(static_cast<size_t>(linear.channels), 0.0);
  const Value* bias = linear.node->is_op("MatMul") ? nullptr : linear.node->input(2);
  if (bias == nullptr) return values;
  const auto tensor = float_constant(bias);
  if (!tensor || (tensor->size() != 1 && tensor->size() != linear.channels)) return std::nullopt;
  if (tensor->size() != 1 && tensor->shape().back() != linear.channels) return std::nullopt;
  const double beta = linear.node->is_op("Gemm") ? linear.node->float_attribute("beta", 1.0F) : 1.0;
  for (size_t c = 0; c < values.size(); ++c)
    values[c] = beta * tensor->values<float>()[tensor->size() == 1 ? 0 : c];
  return values;
}

// A bias where there was one or is one now. A MatMul becomes a Gemm by that.
void store_bias(Linear& linear, const std::vector<double>& values) {
  Node& node = *linear.node;
  const bool is_zero = std::all_of(values.begin(), values.end(), [](double v) { return v == 0; });
  if (is_zero && (node.is_op("MatMul") || node.input(2) == nullptr)) return;
  Tensor bias = Tensor::allocate(ElementType::Float, {linear.channels});
  for (size_t c = 0; c < values.size(); ++c) store(bias, c, values[c]);
  if (node.is_op("MatMul")) node.set_op_type("Gemm");
  if (node.is_op("Gemm")) node.remove_attribute("beta");
  replace_constant(node, 2, bias, std::string(node.output()->name) + "_bias");
}

// One value for each channel; nothing where the constant varies along another axis.
std::optional<std::vector<double>> per_channel(const Tensor& constant, int64_t channels,
                                               size_t rank, size_t channel_axis) {
  const Shape& shape = constant.shape();
  if (shape.size() > rank) return std::nullopt;
  const auto values = constant.values<float>();
  if (constant.size() == 1) return std::vector<double>(static_cast<size_t>(channels), values[0]);
  for (size_t i = 0; i < shape.size(); ++i) {
    const size_t axis = rank - shape.size() + i;
    if (shape[i] != 1 && (axis != channel_axis || shape[i] != channels)) return std::nullopt;
  }
  if (constant.size() != channels) return std::nullopt;
  return std::vector<double>(values.begin(), values.end());
}

std::optional<std::string> match_matrix_product(Linear& linear) {
  const Node& node = *linear.node;
  if (node.graph().model().opset_version() < 7) return "broadcasting before opset 7";
  if (linear.weight_shape.size() != 2) return "the product's weights are not a matrix";
  const bool transposed = node.is_op("Gemm") && node.int_attribute("transB", 0) != 0;
  linear.input_channels = linear.weight_shape[transposed ? 1 : 0];
  linear.channels = linear.weight_shape[transposed ? 0 : 1];
  const auto& shape = node.output()->type.shape;
  if (node.is_op("MatMul") && !shape) return "the rank of the product is not known";
  linear.rank = node.is_op("Gemm") ? 2 : shape->size();
  if (linear.rank == 0) return "the product is a scalar";
  linear.channel_axis = linear.rank - 1;
  if (!bias_values(linear)) return "the product's C is not a float32 constant for each column";
  return std::nullopt;
}

}  // namespace

bool ChannelMap::is_finite() const {
  const auto finite = [](double value) { return std::isfinite(value); };
  return std::all_of(scale.begin(), scale.end(), finite) &&
         std::all_of(shift.begin(), shift.end(), finite);
}

bool ChannelMap::has_shift() const {
  return std::any_of(shift.begin(), shift.end(), [](double value) { return value != 0; });
}

bool is_convolution(const Node& node) { return node.is_op("Conv") || node.is_op("ConvTranspose"); }

bool is_matrix_product(const Node& node) { return node.is_op("Gemm") || node.is_op("MatMul"); }

std::optional<std::string> match_linear(Node* node, const PassContext& context, Linear& linear) {
  if (node == nullptr || node->output() == nullptr ||
      !(is_convolution(*node) || is_matrix_product(*node)))
    return "its input is made neither by a convolution nor by a matrix product";
  const char* what = is_convolution(*node) ? "convolution" : "product";
  const Value* value = node->input(1);
  if (value == nullptr || !value->is_constant() || value->initializer->type != ElementType::Float)
    return fmt::format("the {}'s weights are not a float32 constant", what);
  linear.node = node;
  linear.weight_shape = value->initializer->shape;
  if (is_convolution(*node)) {
    const Shape& shape = linear.weight_shape;
    if (shape.size() < 3) return "the convolution's weights have fewer than three dimensions";
    const int64_t group = node->int_attribute("group", 1);
    if (group < 1 || group > shape[0] || shape[0] % group != 0)
      return "the convolution's weights do not fall into its groups";
    const bool transposed = node->is_op("ConvTranspose");
    linear.channels = transposed ? shape[1] * group : shape[0];
    linear.input_channels = transposed ? shape[0] : shape[1] * group;
    linear.rank = shape.size();
    linear.channel_axis = 1;
    if (!bias_values(linear)) return "the convolution's bias is not a float32 constant";
  } else if (auto reason = match_matrix_product(linear)) {
    return reason;
  }
  if (value->uses().size() > 1 && value->initializer->size_bytes() > context.max_folded_bytes)
    linear.tied = fmt::format(
        "the {}'s weights '{}' serve other nodes too, and a changed copy of {} would grow the "
        "model",
        what, to_valid_utf8(value->name), format_bytes(value->initializer->size_bytes()));
  return std::nullopt;
}

// y = (x − mean) / sqrt(var + epsilon) · gamma + beta (ONNX BatchNormalization, inference).
std::optional<std::string> batch_norm_map(const Node& node, int64_t channels, ChannelMap& map) {
  for (size_t slot = 1; slot < node.outputs().size(); ++slot)
    if (node.output(slot) != nullptr && !node.output(slot)->is_unused())
      return "its running statistics are read (training mode)";
  const int64_t opset = node.graph().model().opset_version();
  if (node.int_attribute("training_mode", 0) != 0 ||
      (opset < 7 && node.int_attribute("is_test", 0) == 0))
    return "training mode";
  if (opset < 9 && node.int_attribute("spatial", 1) == 0)
    return "it has statistics for each position (spatial = 0)";
  std::vector<Tensor> parameters;
  for (size_t slot = 1; slot <= 4; ++slot) {
    auto tensor = float_constant(node.input(slot));
    if (!tensor || tensor->size() != channels)
      return "its parameters are not float32 constants with one value for each channel";
    parameters.push_back(std::move(*tensor));
  }
  const double epsilon = node.float_attribute("epsilon", 1e-5F);
  for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
    const auto at = [&](size_t i) { return static_cast<double>(parameters[i].values<float>()[c]); };
    map.scale[c] = at(0) / std::sqrt(at(3) + epsilon);
    map.shift[c] = at(1) - at(2) * map.scale[c];
  }
  if (!map.is_finite()) return "its parameters give a factor or a summand that is not finite";
  return std::nullopt;
}

std::optional<std::string> elementwise_map(const Node& node, int64_t channels, size_t rank,
                                           size_t channel_axis, ChannelMap& map, Value*& data) {
  const bool add = node.is_op("Add"), sub = node.is_op("Sub"), mul = node.is_op("Mul"),
             div = node.is_op("Div");
  if (!add && !sub && !mul && !div) return "";
  if (node.attribute("axis") != nullptr) return "";  // broadcasting before opset 7
  auto constant = float_constant(node.input(1));
  data = node.input(0);
  if (!constant && (add || mul)) {
    constant = float_constant(node.input(0));
    data = node.input(1);
  }
  if (!constant || data == nullptr) return "";
  const auto values = per_channel(*constant, channels, rank, channel_axis);
  if (!values) return "its constant varies along another axis than the channels";
  for (size_t c = 0; c < values->size(); ++c) {
    if (mul) map.scale[c] = (*values)[c];
    if (div) map.scale[c] = 1.0 / (*values)[c];
    if (add) map.shift[c] = (*values)[c];
    if (sub) map.shift[c] = -(*values)[c];
  }
  if (!map.is_finite()) return "its constant is not finite, or a divisor zero";
  return std::nullopt;
}

std::optional<std::string> fuse_behind(Linear& linear, Node& node, const ChannelMap& map) {
  Value& made = *linear.node->output();
  if (&made != node.input(0) && &made != node.input(1)) return "";
  if (&linear.node->graph() != &node.graph())
    return "the operator in front stands in another graph";
  if (made.uses().size() != 1 || made.is_output())
    return fmt::format("the {}'s result has another use",
                       is_convolution(*linear.node) ? "convolution" : "product");
  if (map.has_shift() && linear.node->is_op("MatMul") && linear.rank != 2)
    return "a MatMul has no bias, and as a Gemm it would need matrices";
  if (scales(map) && !linear.tied.empty()) return linear.tied;
  std::optional<Tensor> weight;
  const auto by_output = [&](size_t output, size_t) { return map.scale[output]; };
  if (scales(map))
    if (auto reason = scaled_weight(linear, by_output, weight)) return reason;
  std::vector<double> bias = *bias_values(linear);
  for (size_t c = 0; c < bias.size(); ++c) bias[c] = bias[c] * map.scale[c] + map.shift[c];
  if (!fits_float(bias)) return kOverflow;
  const auto both = merged_origins(*linear.node, node);
  if (auto reason = absorb(node, made)) return reason;
  set_origins(*linear.node, both);
  if (weight) replace_constant(*linear.node, 1, *weight);
  store_bias(linear, bias);
  return std::nullopt;
}

// w · (s · x + t) = (w · s) · x + Σ w · t; scaling keeps the zeros of padding, shifting does not.
std::optional<std::string> change_inputs(Linear& conv, const ChannelMap& map) {
  if (scales(map) && !conv.tied.empty()) return conv.tied;
  std::optional<Tensor> weight;
  const auto by_input = [&](size_t, size_t input) { return map.scale[input]; };
  if (scales(map))
    if (auto reason = scaled_weight(conv, by_input, weight)) return reason;
  std::vector<double> bias = *bias_values(conv);
  if (map.has_shift()) {
    const auto old = float_constant(conv.node->input(1));
    if (!old) return kUnreadable;
    for_each_weight(conv, [&](size_t output, size_t input, size_t i) {
      bias[output] += old->values<float>()[i] * map.shift[input];
    });
  }
  if (!fits_float(bias)) return kOverflow;
  if (weight) replace_constant(*conv.node, 1, *weight);
  store_bias(conv, bias);
  return std::nullopt;
}

bool has_padding(const Node& conv) {
  const std::string mode = conv.string_attribute("auto_pad", "NOTSET");
  if (mode != "NOTSET" && mode != "VALID") return true;
  for (const int64_t pad : conv.ints_attribute("pads"))
    if (pad != 0) return mode == "NOTSET";
  return false;
}

std::optional<std::string> fuse_constant_behind(Node& node, bool (*is_linear)(const Node&),
                                                const PassContext& context) {
  for (const size_t slot : {0, 1}) {
    Node* producer = node.input(slot) ? node.input(slot)->producer : nullptr;
    if (producer == nullptr || !is_linear(*producer)) continue;
    if (!node.input(1 - slot) || !node.input(1 - slot)->is_constant()) continue;
    Linear linear;
    if (auto reason = match_linear(producer, context, linear)) return reason;
    ChannelMap map(linear.channels);
    Value* data = nullptr;
    if (auto reason =
            elementwise_map(node, linear.channels, linear.rank, linear.channel_axis, map, data))
      return reason;
    return data == node.input(slot) ? fuse_behind(linear, node, map) : "";
  }
  return "";
}

}  // namespace acuate
