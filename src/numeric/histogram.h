#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "numeric/wide_sum.h"

namespace acuate {

struct FloatRange {
  float min = 0;
  float max = 0;
  bool operator==(const FloatRange&) const = default;
};

// The finite values of one calibration sample; nothing where it had none.
struct SampleRange {
  uint64_t sample = 0;
  std::optional<FloatRange> range;
  bool operator==(const SampleRange&) const = default;
};

// `count` values in [low, high]; where nothing better is known they are taken as evenly spread.
struct HistogramBin {
  double low = 0;
  double high = 0;
  uint64_t count = 0;
};

// The distribution of float values in one pass and without a range known beforehand. A bin is a bit
// pattern: sign, exponent and the top 7 mantissa bits, the upper half of a float32, so that a bin
// is at most 1/128 of its value wide. Zeros, NaN and infinities are counted apart. Counts, extremes
// and sums are exact, therefore add() and merge() give the same object, bit for bit, in any order
// and however the values are split into calls. (IEEE 754 binary32.)
//
// Memory: 1 kB per (sign, exponent) in use, about 40 kB for a typical activation and 508 kB at
// most, and 1.5 kB fixed; add() also uses 1 MB per thread that all histograms share. One histogram
// is not for several threads at once: give each thread its own and merge them.
class Histogram {
 public:
  Histogram() { slots_.fill(kNoSlot); }

  void add(std::span<const float> values);
  // All values added since the last call belong to sample number `sample`. Values of one sample may
  // come in several pieces and from several histograms; the ranges join.
  void end_sample(uint64_t sample);
  // The samples get the numbers first, first + 1, … in the order of those that they had.
  void number_samples_from(uint64_t first);
  // Values of `other` that no end_sample() has closed join this histogram's open sample.
  void merge(const Histogram& other);

  // total() = finite_count() + nan_count() + infinity counts; finite_count() includes both zeros.
  uint64_t total() const { return finite_ + nans_ + positive_infinities_ + negative_infinities_; }
  uint64_t finite_count() const { return finite_; }
  uint64_t positive_zero_count() const { return positive_zeros_; }
  uint64_t negative_zero_count() const { return negative_zeros_; }
  uint64_t nan_count() const { return nans_; }
  uint64_t positive_infinity_count() const { return positive_infinities_; }
  uint64_t negative_infinity_count() const { return negative_infinities_; }

  // Exact extremes of the finite values, -0 as +0; nothing where there are none.
  std::optional<FloatRange> range() const { return range_; }
  // Exact sums over the finite values, rounded once to double.
  double sum() const { return sum_.value(); }
  double sum_of_squares() const { return sum_of_squares_.value(); }
  // Ascending by sample number.
  const std::vector<SampleRange>& sample_ranges() const { return samples_; }

  // The occupied bins of the finite values, ascending and disjoint; the zeros are one bin of width
  // 0. The outermost edges are the exact extremes.
  std::vector<HistogramBin> bins() const;
  // The same of |x|: where x and -x share a magnitude bin the counts are added.
  std::vector<HistogramBin> magnitude_bins() const;

  // Of the finite values, 0 where there are none.
  double zero_fraction() const;
  // Those outside [low, high].
  double clipped_fraction(double low, double high) const;
  // The value below which a fraction p in [0, 1] of the finite values lies, of x and of |x|: linear
  // inside a bin, the exact extremes at 0 and 1; 0 where there are no finite values.
  double quantile(double p) const;
  double magnitude_quantile(double p) const;

  size_t memory_bytes() const {
    return sizeof(*this) + counts_.capacity() * 8 + samples_.capacity() * sizeof(SampleRange);
  }

  // Compact binary form, little-endian, versioned. The open sample is not part of it: end it first.
  std::string save() const;
  // Refuses whatever save() cannot have written, with `name` in the message; safe on hostile bytes.
  static Result<Histogram> load(std::string_view bytes, std::string_view name);

  // Equal content; how it came about does not matter.
  bool operator==(const Histogram& other) const;

 private:
  static constexpr size_t kGroups = 512;  // (sign, exponent)
  static constexpr size_t kGroupBins = 128;
  static constexpr uint16_t kNoSlot = 0xffff;

  struct Pending;
  void add_block(std::span<const float> values, Pending& pending);
  void add_block_with_non_finite(std::span<const float> values, Pending& pending);
  void add_sums(const float* values, size_t size, uint32_t smallest_bits, uint32_t largest_bits);
  void flush(Pending& pending);
  // The bins of one (sign, exponent); existing_group() is empty where no value fell there.
  std::span<uint64_t> group(size_t index);
  std::span<const uint64_t> existing_group(size_t index) const;

  uint64_t finite_ = 0;
  uint64_t positive_zeros_ = 0;
  uint64_t negative_zeros_ = 0;
  uint64_t nans_ = 0;
  uint64_t positive_infinities_ = 0;
  uint64_t negative_infinities_ = 0;
  std::optional<FloatRange> range_;
  std::optional<FloatRange> open_sample_range_;
  WideSum sum_;
  WideSum sum_of_squares_;
  std::vector<SampleRange> samples_;
  std::array<uint16_t, kGroups> slots_;  // where in counts_ a (sign, exponent) has its 128 bins
  std::vector<uint64_t> counts_;         // zeros excluded
};

}  // namespace acuate
