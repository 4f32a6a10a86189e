#include "quantize/weight_range.h"

#include <limits>

#include "numeric/quantize_values.h"

namespace acuate {
namespace {

constexpr int kTrials = 16;          // scales, from the widest …
constexpr double kSmallest = 0.625;  // … to this part of it

// Σ(x − x')² by scale of the grid.
Result<std::vector<double>> errors_of(const Tensor& weights, const Quantization& grid) {
  Tensor rounded = Tensor::of<float>(weights.shape(), weights.values<float>());
  if (auto done = fake_quantize(rounded, grid); !done) return done.error();
  size_t inner = 1;
  if (grid.per_channel_axis >= 0)
    for (size_t axis = static_cast<size_t>(grid.per_channel_axis) + 1;
         axis < weights.shape().size(); ++axis)
      inner *= static_cast<size_t>(weights.shape()[axis]);
  std::vector<double> errors(grid.scale.size(), 0);
  const auto exact = weights.values<float>(), values = rounded.values<float>();
  for (size_t i = 0; i < exact.size(); ++i) {
    const double error = static_cast<double>(exact[i]) - static_cast<double>(values[i]);
    errors[grid.per_channel_axis < 0 ? 0 : i / inner % errors.size()] += error * error;
  }
  return errors;
}

}  // namespace

Result<Quantization> least_error_scales(const Tensor& weights, const Scheme& scheme,
                                        Quantization widest) {
  if (scheme.power_of_two || scheme.is_float()) return widest;
  Quantization best = widest;
  std::vector<double> least(widest.scale.size(), std::numeric_limits<double>::infinity());
  for (int trial = 0; trial < kTrials; ++trial) {
    Quantization grid = widest;
    const double part = 1 - (1 - kSmallest) * trial / (kTrials - 1);
    for (float& scale : grid.scale)
      scale = std::max(static_cast<float>(scale * part), std::numeric_limits<float>::min());
    auto errors = errors_of(weights, grid);
    if (!errors) return errors.error();
    for (size_t i = 0; i < least.size(); ++i) {
      if ((*errors)[i] >= least[i]) continue;
      least[i] = (*errors)[i];
      best.scale[i] = grid.scale[i];
    }
  }
  return best;
}

}  // namespace acuate
