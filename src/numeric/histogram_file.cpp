#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "numeric/histogram.h"

// The binary form of a Histogram, version 1. All integers little-endian, `varint` as in LEB128, at
// most 10 bytes.
//
//   "ACHG"  u32 version
//   u64 finite, positive_zeros, negative_zeros, nans, positive_infinities, negative_infinities
//   u64[12] sum   u64[12] sum_of_squares            integers in units of 2^-300, least significant
//   word first u8 has_range  [f32 min  f32 max] u64 samples   { u64 sample  u8 has_range [f32 min
//   f32 max] }…          ascending by sample u16 groups    { u16 index  varint count[128] }…
//   ascending by index = sign << 8 | exponent
namespace acuate {

namespace {

constexpr std::string_view kMagic = "ACHG";
constexpr uint32_t kVersion = 1;

template <class T>
void put(std::string& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i)
    out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> (8 * i)));
}

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_range(std::string& out, const std::optional<FloatRange>& range) {
  put<uint8_t>(out, range ? 1 : 0);
  if (!range) return;
  put(out, std::bit_cast<uint32_t>(range->min));
  put(out, std::bit_cast<uint32_t>(range->max));
}

// Reads past the end and malformed values set `failed` and give zeros.
struct Reader {
  std::string_view bytes;
  size_t position = 0;
  bool failed = false;

  template <class T>
  T get() {
    if (bytes.size() - position < sizeof(T)) {
      failed = true;
      position = bytes.size();
      return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(T); ++i)
      value |= uint64_t{static_cast<uint8_t>(bytes[position++])} << (8 * i);
    return static_cast<T>(value);
  }

  uint64_t get_varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = get<uint8_t>();
      if (shift == 63 && byte > 1) break;
      value |= uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    failed = true;
    return 0;
  }

  std::optional<FloatRange> get_range() {
    const auto present = get<uint8_t>();
    if (present == 0) return std::nullopt;
    const FloatRange range{std::bit_cast<float>(get<uint32_t>()),
                           std::bit_cast<float>(get<uint32_t>())};
    failed = failed || present > 1 || !std::isfinite(range.min) || !std::isfinite(range.max) ||
             range.min > range.max;
    return range;
  }

  WideSum get_sum() {
    std::array<uint64_t, WideSum::kWords> words{};
    for (uint64_t& word : words) word = get<uint64_t>();
    return WideSum::from_words(words);
  }
};

// Adds into `sum`; false when the result exceeds 64 bits.
bool add_checked(uint64_t& sum, uint64_t term) { return !__builtin_add_overflow(sum, term, &sum); }

bool lies_inside(const std::optional<FloatRange>& inner, const std::optional<FloatRange>& outer) {
  return !inner || (outer && inner->min >= outer->min && inner->max <= outer->max);
}

}  // namespace

std::string Histogram::save() const {
  ACUATE_CHECK(!open_sample_range_, "end_sample() comes before save()");
  std::string out(kMagic);
  put(out, kVersion);
  for (const uint64_t count : {finite_, positive_zeros_, negative_zeros_, nans_,
                               positive_infinities_, negative_infinities_})
    put(out, count);
  for (const uint64_t word : sum_.words()) put(out, word);
  for (const uint64_t word : sum_of_squares_.words()) put(out, word);
  put_range(out, range_);
  put<uint64_t>(out, samples_.size());
  for (const SampleRange& sample : samples_) {
    put(out, sample.sample);
    put_range(out, sample.range);
  }
  uint16_t groups = 0;
  for (size_t index = 0; index < kGroups; ++index) groups += existing_group(index).empty() ? 0 : 1;
  put(out, groups);
  for (size_t index = 0; index < kGroups; ++index) {
    const auto counts = existing_group(index);
    if (counts.empty()) continue;
    put(out, static_cast<uint16_t>(index));
    for (const uint64_t count : counts) put_varint(out, count);
  }
  return out;
}

Result<Histogram> Histogram::load(std::string_view bytes, std::string_view name) {
  if (!bytes.starts_with(kMagic))
    return fail("{}: not a histogram file: it does not begin with 'ACHG'", name);
  Reader reader{bytes, kMagic.size()};
  const auto version = reader.get<uint32_t>();
  if (!reader.failed && version != kVersion)
    return fail("{}: histogram version {}; this program reads version {}", name, version, kVersion);

  Histogram histogram;
  histogram.finite_ = reader.get<uint64_t>();
  histogram.positive_zeros_ = reader.get<uint64_t>();
  histogram.negative_zeros_ = reader.get<uint64_t>();
  histogram.nans_ = reader.get<uint64_t>();
  histogram.positive_infinities_ = reader.get<uint64_t>();
  histogram.negative_infinities_ = reader.get<uint64_t>();
  uint64_t total = histogram.finite_;
  bool consistent = add_checked(total, histogram.nans_) &&
                    add_checked(total, histogram.positive_infinities_) &&
                    add_checked(total, histogram.negative_infinities_);
  histogram.sum_ = reader.get_sum();
  histogram.sum_of_squares_ = reader.get_sum();
  histogram.range_ = reader.get_range();
  consistent = consistent && histogram.range_.has_value() == (histogram.finite_ > 0) &&
               histogram.sum_of_squares_.value() >= 0;

  const auto samples = reader.get<uint64_t>();
  for (uint64_t i = 0; i < samples && !reader.failed; ++i) {
    const auto sample = reader.get<uint64_t>();
    const auto range = reader.get_range();
    consistent = consistent &&
                 (histogram.samples_.empty() || histogram.samples_.back().sample < sample) &&
                 lies_inside(range, histogram.range_);
    histogram.samples_.push_back({sample, range});
  }

  uint64_t counted = histogram.positive_zeros_;
  consistent = consistent && add_checked(counted, histogram.negative_zeros_);
  const auto groups = reader.get<uint16_t>();
  int last_index = -1;
  for (uint16_t i = 0; i < groups && !reader.failed && consistent; ++i) {
    const auto index = reader.get<uint16_t>();
    consistent =
        index > last_index && index < kGroups && index % 256 != 255;  // 255: infinities and NaN
    if (!consistent) break;
    last_index = index;
    uint64_t in_group = 0;
    for (uint64_t& count : histogram.group(index)) {
      count = reader.get_varint();
      consistent = consistent && add_checked(in_group, count);
    }
    consistent = consistent && in_group > 0 && add_checked(counted, in_group);
  }
  if (reader.failed)
    return fail("{}: the histogram is cut off or malformed at byte {}", name, reader.position);
  consistent = consistent && counted == histogram.finite_;
  // The extremes must lie in the outermost occupied bins, or the edges of bins() would cross.
  if (consistent && histogram.range_) {
    for (const HistogramBin& bin : histogram.bins()) consistent = consistent && bin.low <= bin.high;
  }
  if (!consistent) return fail("{}: the histogram contradicts itself; make it again", name);
  if (reader.position != bytes.size())
    return fail("{}: {} bytes follow the histogram", name, bytes.size() - reader.position);
  return histogram;
}

}  // namespace acuate
