#include "simulate/separable_map.h"

namespace acuate {
namespace {

// The same integers in the same order.
Result<IntegerKernel> reshape(const KernelRequest& request) {
  const Node& node = request.node;
  if (node.outputs().size() > 1 && node.output(1) != nullptr)
    return fail("its second result is read");
  if (node.is_op("Identity") || node.is_op("Dropout"))
    return IntegerKernel(
        [](std::span<const Tensor> inputs, const Execution&) -> Result<std::vector<Tensor>> {
          return std::vector{inputs[0]};
        });
  const auto shape = node.output()->type.static_shape();
  if (!shape) return fail("the shape of its result is not known");
  return IntegerKernel([shape = *shape](std::span<const Tensor> inputs,
                                        const Execution&) -> Result<std::vector<Tensor>> {
    if (element_count(shape) != inputs[0].size())
      return fail("its input is of shape {}, its result of {}", format_shape(inputs[0].shape()),
                  format_shape(shape));
    return std::vector{inputs[0].reshaped(shape)};
  });
}

Result<IntegerKernel> map(const KernelRequest& request) {
  auto maps = maps_of(request);
  if (!maps) return maps.error();
  return IntegerKernel([maps = std::move(*maps),
                        shape = *request.node.input(0)->type.static_shape(),
                        zero = request.grid(0).zero_point[0]](
                           std::span<const Tensor> inputs,
                           const Execution& execution) -> Result<std::vector<Tensor>> {
    if (inputs[0].shape() != shape)
      return fail("its input is of shape {}, not {}", format_shape(inputs[0].shape()),
                  format_shape(shape));
    std::vector<Tensor> out;
    for (const SeparableMap& each : maps) out.push_back(each.apply(inputs[0], zero, execution));
    return out;
  });
}

}  // namespace

void register_simulate_move(KernelRegistry& registry) {
  registry.add({
      .id = "move",
      .doc = "the integers at other places; padding is the zero point",
      .operators = {"DepthToSpace", "Expand", "Gather", "Pad", "Slice", "SpaceToDepth", "Split",
                    "Tile", "Transpose"},
      .moves = always_moves,
      .prepare = map,
  });
  registry.add({
      .id = "reshape",
      .doc = "the same integers in the same order",
      .operators = {"Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"},
      .moves = always_moves,
      .prepare = reshape,
  });
}

}  // namespace acuate
