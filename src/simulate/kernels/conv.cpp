#include "simulate/convolution.h"

namespace acuate {
namespace {

Result<IntegerKernel> prepare(const KernelRequest& request) {
  if (request.input_count() < 2) return fail("it has no weights");
  const Operand& weight = request.inputs[1];
  if (weight.grid == nullptr || !weight.constant)
    return fail("its weights are no constant on a grid");
  const Shape& shape = weight.constant->shape();
  if (shape.size() < 3) return fail("its weights are of shape {}", format_shape(shape));
  auto window = SlidingWindow::of(request.node, std::span(shape).subspan(2));
  if (!window) return window.error();
  const auto channels = static_cast<size_t>(shape[0]), depth = static_cast<size_t>(shape[1]);
  const auto taps =
      static_cast<size_t>(window->axes[0].kernel) * static_cast<size_t>(window->axes[1].kernel);
  const auto groups = static_cast<size_t>(request.node.int_attribute("group", 1));
  if (groups == 0 || channels % groups != 0 ||
      static_cast<size_t>(weight.constant->size()) != channels * depth * taps)
    return fail("its weights {} do not fit its kernel and {} groups", format_shape(shape), groups);
  // [M, C / group, ky, kx] becomes [M, ky, kx, C / group].
  auto products = make_products(request, {channels, depth * taps, 0, [=](size_t channel, size_t k) {
                                            return (channel * depth + k % depth) * taps + k / depth;
                                          }});
  if (!products) return products.error();
  return IntegerKernel([conv = Convolution{std::move(*products), *window, groups, depth,
                                           request.grid(0), request.output}](
                           std::span<const Tensor> inputs,
                           const Execution& execution) -> Result<std::vector<Tensor>> {
    auto out = conv.run(inputs[0], execution);
    if (!out) return out.error();
    return std::vector{std::move(*out)};
  });
}

}  // namespace

void register_simulate_conv(KernelRegistry& registry) {
  registry.add({
      .id = "conv",
      .doc = "exact sum of (x - zero point)(w - zero point) and bias, one rescaling",
      .operators = {"Conv"},
      .fuses = true,
      .prepare = prepare,
  });
}

}  // namespace acuate
