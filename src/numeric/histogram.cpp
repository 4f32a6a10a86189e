#include "numeric/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "base/check.h"
#include "numeric/histogram_kernel.h"

namespace acuate {

namespace {

constexpr uint32_t kInfinityBits = 0x7f800000;
// Below this many values the touched part of the tables costs more to clear than direct counting.
constexpr size_t kDirectCount = 4096;
// A table lane gets a quarter of the values of a block, so its 32 bits hold far more than this many
// values.
constexpr size_t kFlushAfter = size_t{1} << 30;

CountTables& thread_tables() {
  struct Tables {
    alignas(64) CountTables counts = {};
  };
  thread_local const std::unique_ptr<Tables> tables = std::make_unique<Tables>();
  return tables->counts;
}

FloatRange joined(const std::optional<FloatRange>& known, FloatRange range) {
  return known ? FloatRange{std::min(known->min, range.min), std::max(known->max, range.max)}
               : range;
}

}  // namespace

// What one add() has put into the tables and not yet moved to the bins.
struct Histogram::Pending {
  CountTables* tables = nullptr;  // null: count directly
  size_t size = 0;
  uint64_t positive_zeros = 0;
  uint64_t negative_zeros = 0;
  bool negative = false;
  uint32_t smallest_bits = kInfinityBits;
  uint32_t largest_bits = 0;
};

void Histogram::add(std::span<const float> values) {
  Pending pending;
  if (values.size() >= kDirectCount) pending.tables = &thread_tables();
  for (size_t start = 0; start < values.size(); start += kHistogramBlock) {
    add_block(values.subspan(start, std::min(kHistogramBlock, values.size() - start)), pending);
    if (pending.size >= kFlushAfter) flush(pending);
  }
  flush(pending);
}

void Histogram::add_block(std::span<const float> values, Pending& pending) {
  // The last block is padded to whole vectors: with a value of its own for the extremes, then with
  // zeros for the rest.
  alignas(64) float buffer[kHistogramBlock];
  const float* data = values.data();
  const size_t size = values.size();
  const size_t padded = (size + kHistogramLanes - 1) / kHistogramLanes * kHistogramLanes;
  const size_t padding = padded - size;
  if (padding > 0) {
    std::copy(values.begin(), values.end(), buffer);
    std::fill(buffer + size, buffer + padded, values.back());
    data = buffer;
  }
  BlockScan scan = histogram_kernels().back().scan(data, padded);
  if (scan.max_magnitude_bits >= kInfinityBits) return add_block_with_non_finite(values, pending);
  if (padding > 0) {
    const auto extra = static_cast<uint32_t>(padding);
    if (values.back() == 0)
      (std::signbit(values.back()) ? scan.negative_zeros : scan.positive_zeros) -= extra;
    std::fill(buffer + size, buffer + padded, 0.0f);
  }

  finite_ += size;
  positive_zeros_ += scan.positive_zeros;
  negative_zeros_ += scan.negative_zeros;
  const FloatRange range{scan.min + 0.0f, scan.max + 0.0f};  // -0 becomes +0
  range_ = joined(range_, range);
  open_sample_range_ = joined(open_sample_range_, range);
  if (scan.max_magnitude_bits == 0) return;
  add_sums(data, padded, scan.max_magnitude_bits);

  if (pending.tables == nullptr) {
    for (const float value : values) {
      const auto bits = std::bit_cast<uint32_t>(value);
      if ((bits & 0x7fffffff) != 0) ++group(bits >> 23)[(bits >> 16) % kGroupBins];
    }
    return;
  }
  count_block(data, padded, *pending.tables);
  pending.size += padded;
  pending.positive_zeros += scan.positive_zeros + padding;
  pending.negative_zeros += scan.negative_zeros;
  pending.negative = pending.negative || scan.min < 0;
  pending.smallest_bits = std::min(pending.smallest_bits, scan.min_magnitude_bits);
  pending.largest_bits = std::max(pending.largest_bits, scan.max_magnitude_bits);
}

void Histogram::add_block_with_non_finite(std::span<const float> values, Pending& pending) {
  float finite[kHistogramBlock];
  size_t count = 0;
  for (const float value : values) {
    if (std::isfinite(value))
      finite[count++] = value;
    else if (std::isnan(value))
      ++nans_;
    else
      ++(value > 0 ? positive_infinities_ : negative_infinities_);
  }
  if (count > 0) add_block({finite, count}, pending);
}

// One pass over the 16 highest exponents of the block, in which no addition rounds; most data need
// no second one.
void Histogram::add_sums(const float* values, size_t size, uint32_t largest_bits) {
  uint32_t end_bits = kInfinityBits;
  while (largest_bits != 0) {
    const int biased = std::max(1, static_cast<int>(largest_bits >> 23));
    const int exponent = biased - 127;
    const uint32_t lowest_bits = biased <= 16 ? 1 : static_cast<uint32_t>(biased - 15) << 23;
    // x² < 2^(2e+2); adding 1.5·2^52 units keeps multiples of the unit 2^(2e-38).
    const double splitter = std::ldexp(1.5, 52 + 2 * exponent - 38);
    const BlockSums sums =
        histogram_kernels().back().sum(values, size, lowest_bits, end_bits, splitter);
    sum_.add(sums.sum);
    sum_of_squares_.add(sums.square_high);
    sum_of_squares_.add(sums.square_low);
    largest_bits = sums.rest_bits;
    end_bits = lowest_bits;
  }
}

void Histogram::flush(Pending& pending) {
  if (pending.tables == nullptr || pending.size == 0) return;
  CountTables& tables = *pending.tables;
  const auto flush_group = [&](size_t index, uint64_t zeros) {
    std::array<uint64_t, kGroupBins> counts{};
    uint64_t total = 0;
    for (auto& table : tables) {
      uint32_t* lane = table + index * kGroupBins;
      for (size_t i = 0; i < kGroupBins; ++i) counts[i] += lane[i];
      std::memset(lane, 0, kGroupBins * sizeof *lane);
    }
    counts[0] -= zeros;
    for (const uint64_t count : counts) total += count;
    if (total == 0) return;
    const auto bins = group(index);
    for (size_t i = 0; i < kGroupBins; ++i) bins[i] += counts[i];
  };
  const size_t lowest = pending.smallest_bits >> 23;
  const size_t highest = pending.largest_bits >> 23;
  for (size_t exponent = lowest; exponent <= highest; ++exponent) {
    flush_group(exponent, exponent == 0 ? pending.positive_zeros : 0);
    if (pending.negative) flush_group(256 + exponent, exponent == 0 ? pending.negative_zeros : 0);
  }
  // The zeros lie in the lowest denormal bin of their sign.
  if (lowest > 0) flush_group(0, pending.positive_zeros);
  if (lowest > 0 || !pending.negative) flush_group(256, pending.negative_zeros);
  pending = {.tables = pending.tables};
}

void Histogram::end_sample(uint64_t sample) {
  const auto place = std::lower_bound(
      samples_.begin(), samples_.end(), sample,
      [](const SampleRange& known, uint64_t number) { return known.sample < number; });
  if (place == samples_.end() || place->sample != sample)
    samples_.insert(place, {sample, open_sample_range_});
  else if (open_sample_range_)
    place->range = joined(place->range, *open_sample_range_);
  open_sample_range_.reset();
}

void Histogram::merge(const Histogram& other) {
  if (&other == this) return merge(Histogram(other));
  finite_ += other.finite_;
  positive_zeros_ += other.positive_zeros_;
  negative_zeros_ += other.negative_zeros_;
  nans_ += other.nans_;
  positive_infinities_ += other.positive_infinities_;
  negative_infinities_ += other.negative_infinities_;
  if (other.range_) range_ = joined(range_, *other.range_);
  sum_.merge(other.sum_);
  sum_of_squares_.merge(other.sum_of_squares_);
  for (size_t index = 0; index < kGroups; ++index) {
    const auto source = other.existing_group(index);
    if (source.empty()) continue;
    const auto bins = group(index);
    for (size_t i = 0; i < kGroupBins; ++i) bins[i] += source[i];
  }
  const std::optional<FloatRange> open = open_sample_range_;
  for (const SampleRange& sample : other.samples_) {
    open_sample_range_ = sample.range;
    end_sample(sample.sample);
  }
  open_sample_range_ = open;
  if (other.open_sample_range_) open_sample_range_ = joined(open, *other.open_sample_range_);
}

std::span<uint64_t> Histogram::group(size_t index) {
  if (slots_[index] == kNoSlot) {
    slots_[index] = static_cast<uint16_t>(counts_.size() / kGroupBins);
    counts_.resize(counts_.size() + kGroupBins);
  }
  return std::span(counts_).subspan(slots_[index] * kGroupBins, kGroupBins);
}

std::span<const uint64_t> Histogram::existing_group(size_t index) const {
  if (slots_[index] == kNoSlot) return {};
  return std::span(counts_).subspan(slots_[index] * kGroupBins, kGroupBins);
}

bool Histogram::operator==(const Histogram& other) const {
  for (size_t index = 0; index < kGroups; ++index) {
    if (!std::ranges::equal(existing_group(index), other.existing_group(index))) return false;
  }
  return finite_ == other.finite_ && positive_zeros_ == other.positive_zeros_ &&
         negative_zeros_ == other.negative_zeros_ && nans_ == other.nans_ &&
         positive_infinities_ == other.positive_infinities_ &&
         negative_infinities_ == other.negative_infinities_ && range_ == other.range_ &&
         open_sample_range_ == other.open_sample_range_ && sum_ == other.sum_ &&
         sum_of_squares_ == other.sum_of_squares_ && samples_ == other.samples_;
}

}  // namespace acuate
