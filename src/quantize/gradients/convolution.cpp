#include "quantize/gradient_window.h"

namespace acuate {
namespace {

std::optional<std::string> conv(GradientContext& context) {
  const Shape in = context.shape(context.input(0)), out = context.shape(context.output());
  const Shape weight = context.shape(context.input(1));
  if (context.wants(0))
    context.give(
        0, convolution_data_gradient(
               context, context.gradient(), out, context.input(1), weight,
               context.node().int_attribute("group", 1),
               sliding_window(context.node(), in, out, {weight.begin() + 2, weight.end()}), in));
  return std::nullopt;
}

// The adjoint of a transposed convolution is the convolution with the same weight.
std::optional<std::string> conv_transpose(GradientContext& context) {
  if (!context.wants(0)) return std::nullopt;
  const Shape in = context.shape(context.input(0)), out = context.shape(context.output());
  const Shape weight = context.shape(context.input(1));
  const Node& node = context.node();
  if (node.string_attribute("auto_pad", "NOTSET") != "NOTSET" ||
      node.attribute("output_shape") != nullptr)
    return "its pads are left to the operator";
  const SlidingWindow window = sliding_window(node, out, in, {weight.begin() + 2, weight.end()});
  std::vector<int64_t> pads = window.begins;
  for (size_t i = 0; i < window.kernel.size(); ++i)  // exactly what the first one wrote to
    pads.push_back((in[i + 2] - 1) * window.strides[i] + window.extent(i) - window.begins[i] -
                   out[i + 2]);
  Value* gradient = context.gradient();
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    int64_t& end = pads[window.kernel.size() + i];
    if (end >= 0) continue;
    gradient = context.slice(gradient, static_cast<int64_t>(i) + 2, 0, out[i + 2] + end);
    end = 0;
  }
  context.give(0, context.add("Conv", {gradient, context.input(1)},
                              {{"kernel_shape", window.kernel},
                               {"strides", window.strides},
                               {"dilations", window.dilations},
                               {"group", node.int_attribute("group", 1)},
                               {"pads", pads}}));
  return std::nullopt;
}

}  // namespace

void register_quantize_convolution(GradientRegistry& registry) {
  registry.add({.id = "convolution",
                .doc = "Conv and ConvTranspose, by their data",
                .operators = {{"Conv", conv}, {"ConvTranspose", conv_transpose}}});
}

}  // namespace acuate
