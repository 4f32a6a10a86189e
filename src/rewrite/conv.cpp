#include "rewrite/conv.h"

#include "rewrite/surgery.h"

namespace acuate {

std::optional<std::string> match_conv(Node* node, FusibleConv& conv) {
  if (node == nullptr || !(node->is_op("Conv") || node->is_op("ConvTranspose")))
    return "its input is not made by a convolution";
  Value* output = node->output();
  if (output == nullptr || output->uses().size() != 1 || output->is_output())
    return "the convolution's result has another use";
  auto weight = float_constant(node->input(1));
  if (!weight || weight->shape().size() < 3)
    return "the convolution's weights are not a float32 constant";
  if (node->input(2) != nullptr && !float_constant(node->input(2)))
    return "the convolution's bias is not a float32 constant";
  const int64_t group = node->int_attribute("group", 1);
  conv.node = node;
  conv.channels = node->is_op("Conv") ? weight->shape()[0] : weight->shape()[1] * group;
  conv.weight = std::move(*weight);
  return std::nullopt;
}

void apply_affine(FusibleConv& conv, std::span<const double> scale, std::span<const double> shift) {
  const Shape& shape = conv.weight.shape();
  const bool transposed = conv.node->is_op("ConvTranspose");
  const int64_t group = conv.node->int_attribute("group", 1);
  const size_t inner = static_cast<size_t>(conv.weight.size() / (shape[0] * shape[1]));
  Tensor weight = Tensor::allocate(ElementType::Float, shape);
  const auto from = conv.weight.values<float>();
  const auto to = weight.mutable_values<float>();
  size_t i = 0;
  for (int64_t a = 0; a < shape[0]; ++a)
    for (int64_t b = 0; b < shape[1]; ++b) {
      const int64_t channel = transposed ? a / (shape[0] / group) * shape[1] + b : a;
      for (size_t k = 0; k < inner; ++k, ++i)
        to[i] = static_cast<float>(from[i] * scale[static_cast<size_t>(channel)]);
    }
  Tensor bias = Tensor::allocate(ElementType::Float, {conv.channels});
  const auto old_bias = float_constant(conv.node->input(2));
  for (size_t c = 0; c < static_cast<size_t>(conv.channels); ++c)
    bias.mutable_values<float>()[c] =
        static_cast<float>((old_bias ? old_bias->values<float>()[c] : 0.0) * scale[c] + shift[c]);

  replace_constant(*conv.node, 1, weight);
  replace_constant(*conv.node, 2, bias, std::string(conv.node->output()->name) + "_bias");
}

std::optional<std::vector<double>> per_channel(const Tensor& constant, int64_t channels,
                                               size_t rank) {
  const Shape& shape = constant.shape();
  if (shape.size() > rank) return std::nullopt;
  const auto values = constant.values<float>();
  if (constant.size() == 1) return std::vector<double>(static_cast<size_t>(channels), values[0]);
  for (size_t i = 0; i < shape.size(); ++i) {
    const size_t axis = rank - shape.size() + i;
    if (shape[i] != 1 && (axis != 1 || shape[i] != channels)) return std::nullopt;
  }
  if (constant.size() != channels) return std::nullopt;
  return std::vector<double>(values.begin(), values.end());
}

}  // namespace acuate
