#include "simulate/convolution.h"

namespace acuate {
namespace {

// Where the result begins and ends, and how large it is.
struct Frame {
  std::array<int64_t, 2> stride = {1, 1}, span = {1, 1}, pad_begin = {0, 0}, pad_end = {0, 0},
                         extra = {0, 0};
};

// Output sizes as ONNX, ConvTranspose has them without output_shape.
int64_t result_size(const Frame& frame, size_t axis, int64_t size) {
  return frame.stride[axis] * (size - 1) + frame.extra[axis] + frame.span[axis] -
         frame.pad_begin[axis] - frame.pad_end[axis];
}

// The convolution with the mirrored kernel over the input with zeros between its elements.
Result<IntegerKernel> prepare(const KernelRequest& request) {
  if (request.input_count() < 2) return fail("it has no weights");
  const Operand& weight = request.inputs[1];
  if (weight.grid == nullptr || !weight.constant)
    return fail("its weights are no constant on a grid");
  const Shape& shape = weight.constant->shape();  // [C, M / group, ky, kx]
  if (shape.size() < 3) return fail("its weights are of shape {}", format_shape(shape));
  auto window = SlidingWindow::of(request.node, std::span(shape).subspan(2));
  if (!window) return window.error();
  if (window->same_upper || window->same_lower ||
      !request.node.ints_attribute("output_shape").empty())
    return fail("its pads follow from output_shape or auto_pad, which is not simulated");
  const auto groups = static_cast<size_t>(request.node.int_attribute("group", 1));
  const auto in = static_cast<size_t>(shape[0]), out = static_cast<size_t>(shape[1]);
  if (groups == 0 || in % groups != 0) return fail("{} channels in {} groups", in, groups);
  const std::vector<int64_t> extra = request.node.ints_attribute("output_padding");
  Frame frame;
  for (size_t axis = 0; axis < 2; ++axis) {
    SlidingWindow::Axis& each = window->axes[axis];
    frame.stride[axis] = each.stride;
    frame.span[axis] = each.span();
    frame.pad_begin[axis] = each.pad_begin;
    frame.pad_end[axis] = each.pad_end;
    if (axis + extra.size() >= 2) frame.extra[axis] = extra[axis + extra.size() - 2];
    if (each.pad_begin >= each.span()) return fail("its pads reach beyond its kernel");
    each.stride = 1;
    each.pad_begin = each.span() - 1 - each.pad_begin;
  }
  const auto taps =
      static_cast<size_t>(window->axes[0].kernel) * static_cast<size_t>(window->axes[1].kernel);
  if (static_cast<size_t>(weight.constant->size()) != in * out * taps)
    return fail("its weights {} do not fit its kernel", format_shape(shape));
  const size_t depth = in / groups;
  const Quantization& grid = *weight.grid;
  if (grid.per_channel_axis >= 0 && groups > 1)
    return fail("its weights have a scale for each channel of a group");
  auto products = make_products(
      request, {groups * out, depth * taps, 1, [=](size_t channel, size_t k) {
                  const size_t group = channel / out, from = group * depth + k % depth;
                  return (from * out + channel % out) * taps + (taps - 1 - k / depth);
                }});
  if (!products) return products.error();
  Convolution conv{std::move(*products), *window, groups, depth, request.grid(0), request.output};
  conv.spread = frame.stride;
  return IntegerKernel(
      [conv = std::move(conv), frame](std::span<const Tensor> inputs,
                                      const Execution& execution) -> Result<std::vector<Tensor>> {
        auto image = ImageShape::of(inputs[0].shape());
        if (!image) return image.error();
        auto result = conv.run(
            inputs[0], execution,
            std::array{result_size(frame, 0, image->height), result_size(frame, 1, image->width)});
        if (!result) return result.error();
        return std::vector{std::move(*result)};
      });
}

}  // namespace

void register_simulate_conv_transpose(KernelRegistry& registry) {
  registry.add({
      .id = "conv_transpose",
      .doc = "the convolution over the input with zeros between its elements",
      .operators = {"ConvTranspose"},
      .fuses = true,
      .prepare = prepare,
  });
}

}  // namespace acuate
