#include "evaluate/channel_noise.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace acuate {
namespace {

constexpr double kOtherKindBits = 3;

// The largest |x| of a channel in bits; all scores count as 1.
double magnitude_bits(const ChannelSums& sums) {
  if (sums.low >= 0 && sums.high <= 1) return 0;
  return std::log2(std::clamp(std::max(std::abs(sums.low), std::abs(sums.high)), 1e-300, 1e300));
}

// Of some neighbours.
struct Spread {
  double count = 0, sum = 0, squares = 0, largest = -INFINITY;

  void add(double bits) {
    ++count;
    sum += bits;
    squares += bits * bits;
    largest = std::max(largest, bits);
  }
  double deviation() const { return squares - sum * sum / count; }
};

// The place before which to cut, 0 where there is nothing to cut.
size_t best_cut(std::span<const ChannelSums> channels) {
  std::vector<Spread> after(channels.size() + 1);  // of [i, end)
  for (size_t i = channels.size(); i-- > 0;) {
    after[i] = after[i + 1];
    after[i].add(magnitude_bits(channels[i]));
  }
  size_t cut = 0;
  double least = INFINITY;
  Spread before, best;
  for (size_t i = 1; i < channels.size(); ++i) {
    before.add(magnitude_bits(channels[i - 1]));
    const double deviation = before.deviation() + after[i].deviation();
    if (deviation >= least) continue;
    least = deviation;
    best = before;
    cut = i;
  }
  return cut != 0 && std::abs(best.largest - after[cut].largest) >= kOtherKindBits ? cut : 0;
}

}  // namespace

void ChannelSums::add(const ChannelSums& other) {
  low = std::min(low, other.low);
  high = std::max(high, other.high);
  signal += other.signal;
  noise += other.noise;
}

std::optional<double> ChannelGroup::sqnr_db() const {
  if (!(sums.signal > 0) || !(sums.noise > 0) || std::isinf(sums.signal) || std::isinf(sums.noise))
    return std::nullopt;
  return 10 * std::log10(sums.signal / sums.noise);
}

size_t channel_axis(const Shape& shape) {
  if (shape.size() < 2) return 0;
  const size_t last = shape.size() - 1;
  if (shape[1] <= 1 || shape[last] <= 1) return 0;
  return shape[last] < shape[1] ? last : 1;
}

size_t channel_count(const Shape& shape) {
  const size_t axis = channel_axis(shape);
  return axis == 0 ? 1 : static_cast<size_t>(shape[axis]);
}

void add_channels(std::span<const double> reference, std::span<const double> other,
                  const Shape& shape, std::span<ChannelSums> sums) {
  ACUATE_CHECK(reference.size() == other.size() && sums.size() == channel_count(shape),
               "sizes fit the shape");
  size_t inner = 1;
  const size_t axis = channel_axis(shape);
  for (size_t i = axis + 1; axis != 0 && i < shape.size(); ++i)
    inner *= static_cast<size_t>(shape[i]);
  if (axis == 0) inner = std::max<size_t>(1, reference.size());
  for (size_t start = 0, channel = 0; start < reference.size(); start += inner) {
    ChannelSums& sum = sums[channel];
    for (size_t i = start; i < start + inner; ++i) {
      const double x = reference[i], error = x - other[i];
      sum.low = std::min(sum.low, x);
      sum.high = std::max(sum.high, x);
      sum.signal += x * x;
      sum.noise += error * error;
    }
    channel = channel + 1 == sums.size() ? 0 : channel + 1;
  }
}

std::vector<ChannelGroup> group_channels(std::span<const ChannelSums> channels) {
  std::vector<ChannelGroup> groups;
  // Ranges still to be looked at, the leftmost last.
  std::vector<std::pair<size_t, size_t>> open = {{0, channels.size()}};
  while (!open.empty()) {
    const auto [first, end] = open.back();
    open.pop_back();
    const size_t cut = best_cut(channels.subspan(first, end - first));
    if (cut != 0) {
      open.emplace_back(first + cut, end);
      open.emplace_back(first, first + cut);
      continue;
    }
    ChannelGroup group{first, end - first, {}};
    for (size_t i = first; i < end; ++i) group.sums.add(channels[i]);
    groups.push_back(group);
  }
  return groups;
}

const ChannelGroup* worst_group(std::span<const ChannelGroup> groups) {
  const ChannelGroup* worst = nullptr;
  for (const ChannelGroup& group : groups)
    if (group.sqnr_db() && (worst == nullptr || *group.sqnr_db() < *worst->sqnr_db()))
      worst = &group;
  return worst;
}

}  // namespace acuate
