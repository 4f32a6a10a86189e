#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "graph/tensor.h"
#include "numeric/scheme.h"

// Tensors to integers and back, bit for bit as ONNX Runtime's QuantizeLinear and DequantizeLinear
// in float32: x / scale is a float division, halves round to even, then the integer is clamped. NaN
// becomes the lowest integer, as it does there.
namespace acuate {

// Errors: the tensor is not float32, or the number of scales is not what per_channel_axis and
// block_size ask for.
Result<Tensor> quantize(const Tensor& values, const Quantization& quantization);
Result<Tensor> dequantize(const Tensor& integers, const Quantization& quantization);
// quantize() and dequantize() in place. The tensor must be writable.
Result<void> fake_quantize(Tensor& values, const Quantization& quantization);

// The quantization by minimum and maximum of a constant tensor: per tensor (axis −1) or one per
// index along `axis`. NaN and infinity are errors.
Result<Quantization> quantization_of(const Tensor& values, const Scheme& scheme, int axis,
                                     bool narrow_range);

// int32 bias: round_half_even(bias[c] / scale[c]) with scale[c] = input_scale · weight_scale[c]
// (float32), zero point 0.
struct QuantizedBias {
  Tensor integers;           // int32, the bias's shape
  std::vector<float> scale;  // one per element
  int64_t saturated = 0;     // elements that did not fit into int32 and were clamped
};
// One weight scale, or one per element of the bias.
Result<QuantizedBias> quantize_bias(const Tensor& bias, float input_scale,
                                    std::span<const float> weight_scale);

}  // namespace acuate
