#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "numeric/quantize_values.h"
#include "quantize/quantize.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

constexpr int kTrials = 16;          // scales for a block, from that of its largest value down …
constexpr double kSmallest = 0.625;  // … to this part of it

// Σ(x − x')² of one block.
double error_of(std::span<const float> values, float scale, float lowest, float highest) {
  double sum = 0;
  for (const float x : values) {
    const float step = std::clamp(std::nearbyint(x / scale), lowest, highest);
    const double error = static_cast<double>(x) - static_cast<double>(step * scale);
    sum += error * error;
  }
  return sum;
}

// The scale that errs least: with few steps, clipping the largest values pays.
float best_scale(std::span<const float> values, const Scheme& scheme) {
  float largest = 0;
  for (const float x : values) largest = std::max(largest, std::abs(x));
  const Quantization widest = scheme.from_range(-largest, largest);
  if (!(largest > 0)) return widest.scale[0];
  const auto lowest = static_cast<float>(widest.lowest()),
             highest = static_cast<float>(widest.highest());
  float best = widest.scale[0];
  double least = error_of(values, best, lowest, highest);
  for (int trial = 1; trial < kTrials; ++trial) {
    const double part = 1 - (1 - kSmallest) * trial / (kTrials - 1);
    const float scale = scheme.from_range(-largest * part, largest * part).scale[0];
    const double error = error_of(values, scale, lowest, highest);
    if (error >= least) continue;
    least = error;
    best = scale;
  }
  return best;
}

// Of a matrix: a scale for each block along the axis, or where there are none for each index of
// it.
Quantization grid_of(const Tensor& weights, const Scheme& scheme, int axis, int block_size) {
  const auto rows = static_cast<size_t>(weights.shape()[0]),
             columns = static_cast<size_t>(weights.shape()[1]);
  const auto values = weights.values<float>();
  Quantization grid{scheme.id, scheme.bits, scheme.is_signed, false, {}, {}, axis, block_size};
  // A block goes along the inputs, which are the axis, or the other one where there are no blocks.
  const bool down = block_size > 0 ? axis == 0 : axis == 1;
  const size_t inputs = down ? rows : columns, results = down ? columns : rows;
  const size_t size = block_size > 0 ? static_cast<size_t>(block_size) : inputs;
  const size_t blocks = (inputs + size - 1) / size;
  grid.scale.resize(blocks * results);
  std::vector<float> block;
  for (size_t result = 0; result < results; ++result)
    for (size_t b = 0; b < blocks; ++b) {
      block.clear();
      for (size_t i = b * size; i < std::min(inputs, (b + 1) * size); ++i)
        block.push_back(down ? values[i * columns + result] : values[result * columns + i]);
      grid.scale[down ? b * results + result : result * blocks + b] = best_scale(block, scheme);
    }
  grid.zero_point.assign(grid.scale.size(), 0);
  return grid;
}

Result<TensorEncoding> encoding_of(const PlannedWeight& planned) {
  const Scheme* scheme = schemes().lookup(planned.scheme);
  const std::string name(planned.value->name);
  const auto weights = float_constant(planned.value);
  if (!weights) return fail("weight '{}' cannot be read", to_valid_utf8(name));
  TensorEncoding encoding;
  encoding.tensor = name;
  for (const float x : weights->values<float>()) {
    if (!std::isfinite(x))
      return fail("weight '{}' holds {}; only finite values can be quantized", to_valid_utf8(name),
                  x);
    encoding.range_min = std::min(encoding.range_min, static_cast<double>(x));
    encoding.range_max = std::max(encoding.range_max, static_cast<double>(x));
  }
  encoding.quantization = grid_of(*weights, *scheme, planned.per_channel_axis, planned.block_size);
  encoding.range_method = "mse";
  Tensor rounded = Tensor::of<float>(weights->shape(), weights->values<float>());
  if (auto done = fake_quantize(rounded, encoding.quantization); !done) return done.error();
  double signal = 0, noise = 0;
  for (size_t i = 0; i < rounded.values<float>().size(); ++i) {
    const double x = weights->values<float>()[i], error = x - rounded.values<float>()[i];
    signal += x * x;
    noise += error * error;
  }
  if (signal > 0 && noise > 0) encoding.sqnr_db = 10 * std::log10(signal / noise);
  return encoding;
}

}  // namespace

Result<Quantized> quantize_weights(const Model& model, const Target& target,
                                   const QuantizationRequest& request) {
  if (auto scheme = schemes().find(request.weights_only, "scheme"); !scheme) return scheme.error();
  if (auto fresh = refuse_quantized(model); !fresh) return fresh.error();
  Quantized result;
  result.float_model = model.clone();
  auto plan = target.backend->plan_quantization(*result.float_model, request);
  if (!plan) return plan.error();
  for (const KeptFloat& kept : plan->kept_float)
    result.kept_float.emplace_back(kept.node->address(), kept.reason);
  if (plan->anchors.empty())
    return fail("no weights to quantize: {}",
                result.kept_float.empty()
                    ? "the model has no matrix product with constant float32 weights"
                    : "'" + result.kept_float[0].first + "': " + result.kept_float[0].second);
  for (const Node* node : plan->anchors) result.anchors.push_back(node->address());
  for (const PlannedWeight& planned : plan->weights) {
    auto encoding = encoding_of(planned);
    if (!encoding) return encoding.error();
    result.encodings.tensors.push_back(std::move(*encoding));
  }
  result.model = result.float_model->clone();
  if (auto emitted = target.backend->emit_quantized(*result.model, result.encodings); !emitted)
    return emitted.error();
  return result;
}

}  // namespace acuate
