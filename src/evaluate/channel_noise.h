#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "graph/tensor.h"

namespace acuate {

// Noise where one tensor holds values of several kinds: pixel boxes beside scores in a detector's
// Concat. With one scale for all, the scores drown and the signal-to-noise ratio of the whole does
// not show it; that of each group of channels does. Pure functions over sums, so that a quantizer
// can use them on any pair of tensors.

// Of one channel, over any number of samples.
struct ChannelSums {
  double low = INFINITY, high = -INFINITY;  // of the reference
  double signal = 0, noise = 0;             // sum x^2, sum (x - x')^2

  void add(const ChannelSums& other);
};

// Neighbouring channels of one kind, and their sums.
struct ChannelGroup {
  size_t first = 0, count = 0;
  ChannelSums sums;

  // 10 log10(signal / noise); nothing where either is 0 or not finite.
  std::optional<double> sqnr_db() const;
};

// The axis that tells kinds of values apart: of the axes 1 and last the shorter one; 0 where either
// has one entry (every value is then of one channel).
size_t channel_axis(const Shape& shape);
size_t channel_count(const Shape& shape);

// Adds a pair of tensors of that shape to `sums`, one entry for each of channel_count().
void add_channels(std::span<const double> reference, std::span<const double> other,
                  const Shape& shape, std::span<ChannelSums> sums);

// Cuts the channels into groups of neighbours by the largest magnitude of each channel of the
// reference, in bits: at the place that leaves the least squared deviation within both sides, if
// the largest magnitudes of the sides are three bits or more apart (of eight), and so on within
// both. Channels that lie in [0, 1] are scores and count as 1: a class that never occurs is no kind
// of its own.
std::vector<ChannelGroup> group_channels(std::span<const ChannelSums> channels);

// The group of the lowest ratio; null where none has one.
const ChannelGroup* worst_group(std::span<const ChannelGroup> groups);

}  // namespace acuate
