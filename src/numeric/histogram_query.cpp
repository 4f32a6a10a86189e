#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "numeric/histogram.h"

namespace acuate {

namespace {

// The lower edge of a magnitude bin; one past the last finite bin it is 2^128.
double magnitude_edge(size_t bin) {
  return bin == 0x7f80
             ? 0x1p128
             : static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bin) << 16));
}

double quantile_of(const std::vector<HistogramBin>& bins, uint64_t count, double p) {
  ACUATE_CHECK(p >= 0 && p <= 1, "a quantile is asked for a fraction");
  if (bins.empty()) return 0;
  if (p == 0) return bins.front().low;
  const double target = p * static_cast<double>(count);
  double below = 0;
  for (const HistogramBin& bin : bins) {
    const auto inside = static_cast<double>(bin.count);
    if (below + inside >= target && p < 1)
      return bin.low + (bin.high - bin.low) * (target - below) / inside;
    below += inside;
  }
  return bins.back().high;
}

}  // namespace

std::vector<HistogramBin> Histogram::bins() const {
  std::vector<HistogramBin> bins;
  if (!range_) return bins;
  const auto append = [&](double low, double high, uint64_t count) {
    if (count > 0)
      bins.push_back(
          {std::max<double>(low, range_->min), std::min<double>(high, range_->max), count});
  };
  for (size_t exponent = kGroups / 2; exponent-- > 0;) {
    const auto counts = existing_group(kGroups / 2 + exponent);
    for (size_t i = counts.size(); i-- > 0;) {
      const size_t bin = exponent * kGroupBins + i;
      append(-magnitude_edge(bin + 1), -magnitude_edge(bin), counts[i]);
    }
  }
  append(0, 0, positive_zeros_ + negative_zeros_);
  for (size_t exponent = 0; exponent < kGroups / 2; ++exponent) {
    const auto counts = existing_group(exponent);
    for (size_t i = 0; i < counts.size(); ++i) {
      const size_t bin = exponent * kGroupBins + i;
      append(magnitude_edge(bin), magnitude_edge(bin + 1), counts[i]);
    }
  }
  return bins;
}

std::vector<HistogramBin> Histogram::magnitude_bins() const {
  std::vector<HistogramBin> bins;
  if (!range_) return bins;
  const double largest = std::max(std::fabs(range_->min), std::fabs(range_->max));
  const double smallest = range_->min > 0 ? range_->min : range_->max < 0 ? -range_->max : 0;
  if (positive_zeros_ + negative_zeros_ > 0)
    bins.push_back({0, 0, positive_zeros_ + negative_zeros_});
  for (size_t exponent = 0; exponent < kGroups / 2; ++exponent) {
    const auto positive = existing_group(exponent);
    const auto negative = existing_group(kGroups / 2 + exponent);
    if (positive.empty() && negative.empty()) continue;
    for (size_t i = 0; i < kGroupBins; ++i) {
      const uint64_t count =
          (positive.empty() ? 0 : positive[i]) + (negative.empty() ? 0 : negative[i]);
      const size_t bin = exponent * kGroupBins + i;
      if (count > 0)
        bins.push_back({std::max(magnitude_edge(bin), smallest),
                        std::min(magnitude_edge(bin + 1), largest), count});
    }
  }
  return bins;
}

double Histogram::quantile(double p) const { return quantile_of(bins(), finite_, p); }

double Histogram::magnitude_quantile(double p) const {
  return quantile_of(magnitude_bins(), finite_, p);
}

double Histogram::zero_fraction() const {
  if (finite_ == 0) return 0;
  return static_cast<double>(positive_zeros_ + negative_zeros_) / static_cast<double>(finite_);
}

double Histogram::clipped_fraction(double low, double high) const {
  if (finite_ == 0) return 0;
  double outside = 0;
  for (const HistogramBin& bin : bins()) {
    const double width = bin.high - bin.low;
    double part = 0;
    if (width > 0)
      part =
          (std::clamp(low - bin.low, 0.0, width) + std::clamp(bin.high - high, 0.0, width)) / width;
    else
      part = bin.low < low || bin.low > high ? 1 : 0;
    outside += static_cast<double>(bin.count) * std::min(part, 1.0);
  }
  return outside / static_cast<double>(finite_);
}

}  // namespace acuate
