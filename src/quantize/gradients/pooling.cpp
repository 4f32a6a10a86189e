#include <algorithm>

#include "quantize/gradient_window.h"

namespace acuate {
namespace {

// How many elements each window averages, [1, 1, out…]; nothing where it is the same for all.
std::optional<Tensor> counts(const SlidingWindow& window, const Shape& in, const Shape& out,
                             bool includes_pads) {
  Shape shape = out;
  shape[0] = shape[1] = 1;
  Tensor tensor = Tensor::allocate(ElementType::Float, shape);
  const auto values = tensor.mutable_values<float>();
  std::fill(values.begin(), values.end(), 1.0F);
  size_t inner = values.size();
  for (size_t axis = 0; axis + 2 < shape.size(); ++axis) {
    const auto size = static_cast<size_t>(shape[axis + 2]);
    inner /= size;
    const int64_t before = includes_pads ? window.begins[axis] : 0;
    const int64_t limit = in[axis + 2] + (includes_pads ? window.ends[axis] : 0);
    for (size_t i = 0; i < values.size(); ++i) {
      const auto place = static_cast<int64_t>(i / inner % size);
      int64_t count = 0;
      for (int64_t k = 0; k < window.kernel[axis]; ++k) {
        const int64_t at =
            place * window.strides[axis] - window.begins[axis] + k * window.dilations[axis];
        count += at >= -before && at < limit;
      }
      values[i] *= static_cast<float>(count);
    }
  }
  return tensor;
}

std::optional<std::string> average_pool(GradientContext& context) {
  const Node& node = context.node();
  const Shape in = context.shape(context.input(0)), out = context.shape(context.output());
  const SlidingWindow window = sliding_window(node, in, out, node.ints_attribute("kernel_shape"));
  const auto divisors = counts(window, in, out, node.int_attribute("count_include_pad", 0) != 0);
  Shape kernel{in[1], 1};
  kernel.insert(kernel.end(), window.kernel.begin(), window.kernel.end());
  Value* ones = context.expand(context.number(1), kernel);
  Value* parts = context.add("Div", {context.gradient(), context.constant(*divisors)});
  context.give(0, convolution_data_gradient(context, parts, out, ones, kernel, in[1], window, in));
  return std::nullopt;
}

// To where the largest one stood.
std::optional<std::string> max_pool(GradientContext& context) {
  Node& node = context.node();
  if (node.int_attribute("storage_order", 0) != 0) return "its storage order is by column";
  const Shape in = context.shape(context.input(0)), out = context.shape(context.output());
  const SlidingWindow window = sliding_window(node, in, out, node.ints_attribute("kernel_shape"));
  bool repeats = false;
  for (size_t i = 0; i < window.kernel.size(); ++i) repeats |= window.extent(i) > window.strides[i];
  if (repeats && context.opset() < 16) return "windows that overlap need opset 16";
  Value* indices = node.output(1);
  if (indices == nullptr) {
    Graph& graph = node.graph();
    indices = graph.add_value(graph.unused_name(std::string(context.output()->name) + "_indices"));
    node.set_output(1, indices);
  }
  int64_t in_size = 1, out_size = 1;
  for (const int64_t n : in) in_size *= n;
  for (const int64_t n : out) out_size *= n;
  Value* sums = context.scatter({in_size}, 0, context.reshape(indices, {out_size}),
                                context.reshape(context.gradient(), {out_size}), repeats);
  context.give(0, context.reshape(sums, in));
  return std::nullopt;
}

std::optional<std::string> global_average_pool(GradientContext& context) {
  const Shape in = context.shape(context.input(0));
  double area = 1;
  for (size_t i = 2; i < in.size(); ++i) area *= static_cast<double>(in[i]);
  context.give(0, context.expand(context.scale(context.gradient(), 1 / area), in));
  return std::nullopt;
}

}  // namespace

void register_quantize_pooling(GradientRegistry& registry) {
  registry.add({.id = "pooling",
                .doc = "AveragePool, GlobalAveragePool; MaxPool, to where the largest one stood",
                .operators = {{"AveragePool", average_pool},
                              {"GlobalAveragePool", global_average_pool},
                              {"MaxPool", max_pool}}});
}

}  // namespace acuate
