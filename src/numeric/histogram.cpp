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

constexpr uint32_t kSignBit = 0x80000000;
constexpr uint32_t kInfinityBits = 0x7f800000;
// Magnitudes up to these bits share a bin with zero.
constexpr uint32_t kTinyBits = 0xffff;
// Below this many values the touched part of the tables costs more to clear than direct counting.
constexpr size_t kDirectCount = 4096;
// Counts of this many values fit into 32 bits.
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
  std::span<const float> next;    // the block that comes after this one
  size_t size = 0;
  size_t padding = 0;  // zeros that are none of the values
  // Values other than zero in the zeros' bins.
  uint32_t positive_tiny = 0;
  uint32_t negative_tiny = 0;
  bool negative = false;
  uint32_t smallest_bits = kInfinityBits;
  uint32_t largest_bits = 0;
};

void Histogram::add(std::span<const float> values) {
  Pending pending;
  if (values.size() >= kDirectCount) pending.tables = &thread_tables();
  for (size_t start = 0; start < values.size(); start += kHistogramBlock) {
    const size_t size = std::min(kHistogramBlock, values.size() - start);
    pending.next =
        values.subspan(start + size, std::min(kHistogramBlock, values.size() - start - size));
    add_block(values.subspan(start, size), pending);
    if (pending.size >= kFlushAfter) flush(pending);
  }
  flush(pending);
}

void Histogram::add_block(std::span<const float> values, Pending& pending) {
  alignas(64) float buffer[kHistogramBlock + kHistogramLanes];
  const float* data = values.data();
  size_t size = values.size();
  // To whole vectors; the data move to the buffer for that.
  const auto padded_with = [&](float value) {
    const size_t padded = (size + kHistogramLanes - 1) / kHistogramLanes * kHistogramLanes;
    if (padded == size) return size;
    if (data != buffer) std::copy(data, data + size, buffer);
    std::fill(buffer + size, buffer + padded, value);
    data = buffer;
    return padded;
  };
  const HistogramKernels& kernels = histogram_kernels().back();
  size_t padded = padded_with(values.back());  // which leaves the extremes as they are
  const BlockScan scan = kernels.scan(data, padded);
  const uint32_t largest_bits = scan.max_magnitude_bits();
  if (largest_bits >= kInfinityBits) return add_block_with_non_finite(values, pending);

  finite_ += size;
  const FloatRange range{scan.min() + 0.0f, scan.max() + 0.0f};  // -0 becomes +0
  range_ = joined(range_, range);
  open_sample_range_ = joined(open_sample_range_, range);
  if (pending.tables == nullptr) {
    add_sums(data, padded_with(0), scan.min_magnitude_bits, largest_bits);
    for (const float value : values) {
      const auto bits = std::bit_cast<uint32_t>(value);
      if ((bits & ~kSignBit) != 0)
        ++group(bits >> 23)[(bits >> 16) % kGroupBins];
      else
        ++(bits == 0 ? positive_zeros_ : negative_zeros_);
    }
    return;
  }
  padded = padded_with(0);
  if (scan.lowest == 0 && kernels.without_zeros != nullptr) {
    const size_t rest = kernels.without_zeros(data, padded, buffer);
    positive_zeros_ += size - rest;
    size = rest;
    data = buffer;
    padded = padded_with(0);
  }
  add_sums(data, padded, scan.min_magnitude_bits, largest_bits);
  count_block(data, padded, pending.next, *pending.tables);
  pending.size += padded;
  pending.padding += padded - size;
  pending.negative = pending.negative || scan.highest >= kSignBit;
  if (largest_bits == 0) return;
  pending.smallest_bits = std::min(pending.smallest_bits, scan.min_magnitude_bits);
  pending.largest_bits = std::max(pending.largest_bits, largest_bits);
  if (scan.min_magnitude_bits > kTinyBits) return;
  for (const float value : values) {
    const auto bits = std::bit_cast<uint32_t>(value);
    if ((bits & ~kSignBit) != 0 && (bits & ~kSignBit) <= kTinyBits)
      ++(bits < kSignBit ? pending.positive_tiny : pending.negative_tiny);
  }
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

// Most blocks fit one window; others take a pass for each window that holds a value.
void Histogram::add_sums(const float* values, size_t size, uint32_t smallest_bits,
                         uint32_t largest_bits) {
  const HistogramKernels& kernels = histogram_kernels().back();
  while (largest_bits != 0) {
    const SumWindow window = sum_window(largest_bits);
    // What lies above the window has been summed: it must not be again.
    const bool all = smallest_bits >= window.lowest_bits;
    const BlockSums sums = (all ? kernels.sum : kernels.sum_inside)(values, size, window);
    sum_.add(sums.sum, window.sum_unit);
    sum_of_squares_.add(sums.square_high, window.high_unit);
    sum_of_squares_.add(sums.square_low, window.low_unit);
    if (all) return;
    largest_bits = sums.rest_bits;
    smallest_bits = 0;
  }
}

void Histogram::flush(Pending& pending) {
  if (pending.tables == nullptr) return;
  CountTables& tables = *pending.tables;
  const auto flush_group = [&](size_t index) {
    std::array<uint32_t, kGroupBins> counts{};
    for (auto& table : tables) {
      uint32_t* lane = table + index * kGroupBins;
      for (size_t i = 0; i < kGroupBins; ++i) counts[i] += lane[i];
      std::memset(lane, 0, kGroupBins * sizeof *lane);
    }
    // The zeros lie in the lowest denormal bin of their sign.
    if (index == 0) {
      positive_zeros_ += counts[0] - pending.padding - pending.positive_tiny;
      counts[0] = pending.positive_tiny;
    } else if (index == kGroups / 2) {
      negative_zeros_ += counts[0] - pending.negative_tiny;
      counts[0] = pending.negative_tiny;
    }
    uint32_t any = 0;
    for (const uint32_t count : counts) any |= count;
    if (any == 0) return;
    const auto bins = group(index);
    for (size_t i = 0; i < kGroupBins; ++i) bins[i] += counts[i];
  };
  flush_group(0);
  if (pending.negative) flush_group(kGroups / 2);
  const size_t lowest = std::max<size_t>(1, pending.smallest_bits >> 23);
  for (size_t exponent = lowest; exponent <= pending.largest_bits >> 23; ++exponent) {
    flush_group(exponent);
    if (pending.negative) flush_group(kGroups / 2 + exponent);
  }
  pending = Pending(pending.tables, pending.next);
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

void Histogram::number_samples_from(uint64_t first) {
  for (SampleRange& sample : samples_) sample.sample = first++;
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
