#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "simulate/kernel.h"

namespace acuate {

// The constant side of convolutions and matrix products: for each channel a row of weights, a bias
// and a rescaling. Sums are exact: 16-bit factors and 32-bit sums where no input can overflow
// these, else 32-bit factors and 64-bit sums.
class Products {
 public:
  // `weights`: [channels, depth], zero points taken off. `bias`: one for each channel, or empty.
  // `rescales`: one, or one for each channel. `largest`: of |input| once its zero point is off.
  Products(std::span<const int32_t> weights, size_t channels, std::vector<int64_t> bias,
           std::vector<Rescale> rescales, int64_t largest);

  size_t channels() const { return channels_; }
  bool is_wide() const { return !wide_weights_.empty(); }
  // Numbers in a row of inputs: the depth, and zeros behind it.
  size_t row_size() const { return row_size_; }

  // out[(channel − first) · count + row] for `count` rows and channels first … first + channels
  // − 1.
  void multiply(const int16_t* rows, size_t count, size_t first, size_t channels, int32_t* out,
                const VectorKernels& vector) const;
  void multiply(const int32_t* rows, size_t count, size_t first, size_t channels, int32_t* out,
                const VectorKernels& vector) const;

  // sums[i], which are int32 or int64, plus bias and rescaled.
  const Rescale& rescale_of(size_t channel) const {
    return rescales_[rescales_.size() == 1 ? 0 : channel];
  }
  int64_t bias_of(size_t channel) const { return bias_.empty() ? 0 : bias_[channel]; }
  // The weight itself, whichever way it is kept.
  int32_t weight(size_t channel, size_t index) const {
    const size_t at = channel * row_size_ + index;
    return is_wide() ? wide_weights_[at] : weights_[at];
  }

 private:
  size_t channels_ = 0, row_size_ = 0;
  std::vector<int16_t> weights_;  // [channels, row_size]
  std::vector<int32_t> wide_weights_;
  std::vector<int64_t> bias_;
  std::vector<Rescale> rescales_;
};

// Largest |q − zero_point|.
int64_t largest_step(const Quantization& grid);

// What a convolution or matrix product has beside its data: weights [channels, depth] from operand
// 1 through `row_of` (the element of channel c at place k), bias from operand 2, scales.
// Errors: a weight or bias that is not constant or on no grid.
struct WeightLayout {
  size_t channels = 0, depth = 0;
  int channel_axis = 0;  // of the weight tensor
  std::function<size_t(size_t channel, size_t k)> element;
};
Result<Products> make_products(const KernelRequest& request, const WeightLayout& layout);

// The bias as integers of scale input · weight scale.
Result<std::vector<int64_t>> integer_bias(const KernelRequest& request, size_t channels);

}  // namespace acuate
