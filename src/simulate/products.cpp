#include "simulate/products.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "simulate/quantized_graph.h"

namespace acuate {

Products::Products(std::span<const int32_t> weights, size_t channels, std::vector<int64_t> bias,
                   std::vector<Rescale> rescales, int64_t largest)
    : channels_(channels), bias_(std::move(bias)), rescales_(std::move(rescales)) {
  const size_t depth = channels == 0 ? 0 : weights.size() / channels;
  row_size_ = (depth + kDepthLanes - 1) / kDepthLanes * kDepthLanes;
  constexpr int64_t kShort = std::numeric_limits<int16_t>::max();
  bool fits = largest <= kShort;
  for (size_t channel = 0; channel < channels && fits; ++channel) {
    int64_t bound = std::abs(bias_of(channel));
    for (const int32_t weight : weights.subspan(channel * depth, depth)) {
      fits &= std::abs(weight) <= kShort;
      bound += std::abs(int64_t{weight}) * largest;
    }
    fits &= bound <= std::numeric_limits<int32_t>::max();
  }
  const auto fill = [&](auto& rows) {
    rows.resize(std::max<size_t>(1, channels * row_size_));
    for (size_t channel = 0; channel < channels; ++channel)
      for (size_t k = 0; k < depth; ++k)
        rows[channel * row_size_ + k] =
            static_cast<std::decay_t<decltype(rows[0])>>(weights[channel * depth + k]);
  };
  if (fits)
    fill(weights_);
  else
    fill(wide_weights_);
}

void Products::multiply(const int16_t* rows, size_t count, size_t first, size_t channels,
                        int32_t* out, const VectorKernels& vector) const {
  vector.products(weights_.data() + first * row_size_, channels, rows, count, row_size_, out,
                  count);
  for (size_t i = 0; i < channels; ++i) {
    int32_t* const sums = out + i * count;
    const auto bias = static_cast<int32_t>(bias_of(first + i));
    for (size_t row = 0; row < count; ++row) sums[row] += bias;
    vector.rescale(sums, count, rescale_of(first + i));
  }
}

void Products::multiply(const int32_t* rows, size_t count, size_t first, size_t channels,
                        int32_t* out, const VectorKernels&) const {
  for (size_t i = 0; i < channels; ++i) {
    const int32_t* const weights = wide_weights_.data() + (first + i) * row_size_;
    for (size_t row = 0; row < count; ++row) {
      int64_t sum = bias_of(first + i);
      for (size_t k = 0; k < row_size_; ++k) sum += int64_t{weights[k]} * rows[row * row_size_ + k];
      out[i * count + row] = rescale_of(first + i)(sum);
    }
  }
}

int64_t largest_step(const Quantization& grid) {
  return std::max(int64_t{grid.highest()} - grid.zero_point[0],
                  int64_t{grid.zero_point[0]} - grid.lowest());
}

namespace {

double product_scale(const KernelRequest& request, size_t channel) {
  const std::vector<float>& weight = request.grid(1).scale;
  return static_cast<double>(request.grid(0).scale[0]) *
         static_cast<double>(weight[weight.size() == 1 ? 0 : channel]);
}

}  // namespace

Result<std::vector<int64_t>> integer_bias(const KernelRequest& request, size_t channels) {
  if (request.input_count() < 3 || request.inputs[2].is_omitted) return std::vector<int64_t>();
  const Operand& operand = request.inputs[2];
  if (!operand.constant) return fail("its bias is not constant");
  const Tensor& constant = *operand.constant;
  if (static_cast<size_t>(constant.size()) != channels && constant.size() != 1)
    return fail("its bias has {} elements for {} channels", constant.size(), channels);
  std::vector<int64_t> bias(channels);
  const Tensor reals = operand.grid ? real_values(constant, *operand.grid) : constant;
  if (reals.type() != ElementType::Float) return fail("its bias is not float32");
  for (size_t channel = 0; channel < channels; ++channel) {
    const size_t at = constant.size() == 1 ? 0 : channel;
    const double scale = product_scale(request, channel);
    // Integers that are on that grid already are taken as they stand.
    const bool is_exact = operand.grid != nullptr && constant.type() == ElementType::Int32 &&
                          operand.grid->scale[operand.grid->scale.size() == 1 ? 0 : at] ==
                              request.grid(0).scale[0] *
                                  request.grid(1).scale[request.grid(1).scale.size() == 1 ? 0 : at];
    const double steps = std::nearbyint(static_cast<double>(reals.values<float>()[at]) / scale);
    if (!(std::abs(steps) < 0x1p47)) return fail("its bias is {} steps of the product", steps);
    bias[channel] = is_exact ? constant.values<int32_t>()[at] : static_cast<int64_t>(steps);
  }
  return bias;
}

Result<Products> make_products(const KernelRequest& request, const WeightLayout& layout) {
  const Operand& weight = request.inputs[1];
  if (weight.grid == nullptr) return fail("its weights are on no grid");
  const Quantization& grid = *weight.grid;
  if (grid.scheme == "bias") return fail("its weights are integers of 32 bits");
  if (grid.scale.size() != 1 &&
      (grid.per_channel_axis != layout.channel_axis || grid.scale.size() != layout.channels))
    return fail("its weights have {} scales along axis {}, not one for each of {} channels",
                grid.scale.size(), grid.per_channel_axis, layout.channels);
  const std::vector<int32_t> stored = centred(*weight.constant, grid);
  std::vector<int32_t> weights(layout.channels * layout.depth);
  for (size_t channel = 0; channel < layout.channels; ++channel)
    for (size_t k = 0; k < layout.depth; ++k)
      weights[channel * layout.depth + k] = stored[layout.element(channel, k)];
  auto bias = integer_bias(request, layout.channels);
  if (!bias) return bias.error();
  std::vector<Rescale> rescales;
  for (size_t channel = 0; channel < grid.scale.size(); ++channel)
    rescales.push_back(request.rescale(product_scale(request, channel) /
                                       static_cast<double>(request.output.scale[0])));
  return Products(weights, layout.channels, std::move(*bias), std::move(rescales),
                  largest_step(request.grid(0)));
}

}  // namespace acuate
