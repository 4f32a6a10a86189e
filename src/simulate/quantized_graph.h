#pragma once

#include <optional>
#include <unordered_map>

#include "graph/model.h"
#include "numeric/scheme.h"
#include "simulate/kernel.h"

// How QuantizeLinear and DequantizeLinear are read: the grids that they put tensors on.
namespace acuate {

bool is_quantize(const Node& node);
bool is_dequantize(const Node& node);

// Of a QuantizeLinear or DequantizeLinear with constant scale and zero point. Integers of 32 bits
// (biases) get the scheme `bias`. Errors: computed scales, blocks, types of fewer bits or floats,
// signed grids with a zero point, zero points that differ by channel.
Result<Quantization> grid_of(const Node& node);

// The grid that all readers of the value put it on; nothing where one reads it as it is, where they
// differ or where it is an output.
std::optional<Quantization> wanted_grid(const Value& value);

// The Relu or Clip with constant bounds that alone reads the node's result, and whose own result is
// wanted on a grid; null where there is none.
const Node* fused_activation(const Node& node);

// The grid's ends, or where they are inside, the bounds of that Relu or Clip (null: none).
struct IntegerBounds {
  int32_t lowest = 0, highest = 0;
};
IntegerBounds bounds_of(const Node* activation, const Quantization& grid);

// (q − zero_point) · scale in float32, as DequantizeLinear; for biases too.
Tensor real_values(const Tensor& integers, const Quantization& grid);

// The nearest integer of the grid, as QuantizeLinear.
int32_t integer_of(double real, const Quantization& grid);

}  // namespace acuate
