#include <cstring>

#include "simulate/kernel.h"

namespace acuate {
namespace {

// The tensor's integers on the grid of the result.
Tensor on_grid(const Tensor& integers, const Quantization& from, const Rescale& rescale,
               const Quantization& to) {
  std::vector<int32_t> steps = centred(integers, from);
  for (int32_t& step : steps) step = rescale(step);
  return integers_of(steps, to, integers.shape());
}

Result<IntegerKernel> prepare(const KernelRequest& request) {
  std::vector<Quantization> grids;
  std::vector<Rescale> rescales;
  for (size_t slot = 0; slot < request.input_count(); ++slot) {
    if (request.inputs[slot].grid == nullptr || request.grid(slot).scale.size() != 1)
      return fail("its input {} is on no grid of one scale", slot);
    grids.push_back(request.grid(slot));
    rescales.push_back(request.rescale(static_cast<double>(request.grid(slot).scale[0]) /
                                       static_cast<double>(request.output.scale[0])));
  }
  return IntegerKernel(
      [grids = std::move(grids), rescales = std::move(rescales), out = request.output,
       declared = request.node.int_attribute("axis", 0)](
          std::span<const Tensor> inputs, const Execution&) -> Result<std::vector<Tensor>> {
        Shape shape = inputs[0].shape();
        const auto rank = static_cast<int64_t>(shape.size());
        const int64_t from_front = declared < 0 ? declared + rank : declared;
        if (from_front < 0 || from_front >= rank)
          return fail("axis {} does not exist in {}", declared, format_shape(shape));
        const auto axis = static_cast<size_t>(from_front);
        int64_t joined = 0;
        for (const Tensor& input : inputs) {
          Shape other = input.shape();
          if (other.size() != shape.size()) return fail("its inputs have different ranks");
          joined += other[axis];
          other[axis] = shape[axis];
          if (other != shape) return fail("its inputs differ beyond axis {}", declared);
        }
        shape[axis] = joined;
        Tensor result = Tensor::allocate(out.element_type(), shape);
        const auto width = static_cast<size_t>(element_bits(result.type()) / 8);
        size_t inner = width;
        for (size_t i = axis + 1; i < shape.size(); ++i) inner *= static_cast<size_t>(shape[i]);
        const size_t row = inner * static_cast<size_t>(joined);
        size_t at = 0;
        for (size_t slot = 0; slot < inputs.size(); ++slot) {
          const Tensor integers = grids[slot] == out
                                      ? inputs[slot]
                                      : on_grid(inputs[slot], grids[slot], rescales[slot], out);
          const size_t part = inner * static_cast<size_t>(integers.shape()[axis]);
          for (size_t from = 0, to = at; from < integers.bytes().size(); from += part, to += row)
            std::memcpy(result.mutable_bytes().data() + to, integers.bytes().data() + from, part);
          at += part;
        }
        return std::vector{std::move(result)};
      });
}

}  // namespace

void register_simulate_concat(KernelRegistry& registry) {
  registry.add({
      .id = "concat",
      .doc = "each input rescaled to the grid of the result",
      .operators = {"Concat"},
      .grids_constants = true,
      .prepare = prepare,
  });
}

}  // namespace acuate
