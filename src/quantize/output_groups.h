#pragma once

#include <random>
#include <span>

#include "quantize/sensitivity.h"

namespace acuate {

// Sums of squares of an output by index along one axis: the channels, taken to be the shorter of
// the axes behind the first that have more than one index; a map of one channel has none.
class ChannelPower {
 public:
  explicit ChannelPower(const Shape& shape);
  void add(const Tensor& output);
  // Of channels whose RMS differ by less than a factor of 8 from one to the next in order of size.
  std::vector<OutputGroup> groups(const std::string& output) const;

 private:
  Shape shape_;
  int64_t axis_ = -1;
  std::vector<double> sums_;
  size_t samples_ = 0;
};

// Random signs over RMS · √elements on the group's elements, 0 elsewhere; added to `seed`. Weights
// are of elements of the output (salient_positions.h), 1 on average; empty: all alike. A sign is
// multiplied by the root of its weight.
void add_probe(Tensor& seed, const OutputGroup& group, std::mt19937_64& random,
               std::span<const float> weights = {});

// Mean square of the difference over the group's elements, weighted likewise, over the group's
// signal power; 0 where the group is silent.
double relative_noise(const Tensor& exact, const Tensor& changed, const OutputGroup& group,
                      std::span<const float> weights = {});
// Of the group's elements; 1 without weights.
double mean_weight(const Tensor& output, const OutputGroup& group, std::span<const float> weights);

}  // namespace acuate
