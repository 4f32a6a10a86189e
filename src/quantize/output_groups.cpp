#include "quantize/output_groups.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace acuate {
namespace {

constexpr double kFactor = 8;

int64_t elements(const Shape& shape, size_t begin, size_t end) {
  int64_t product = 1;
  for (size_t i = begin; i < end; ++i) product *= shape[i];
  return product;
}

int64_t channel_axis(const Shape& shape) {
  int64_t best = -1;
  for (size_t i = 1; i < shape.size(); ++i)
    if (shape[i] > 1 && (best < 0 || shape[i] < shape[static_cast<size_t>(best)]))
      best = static_cast<int64_t>(i);
  // A map of one channel has rows and columns only.
  if (shape.size() > 3 && shape[1] == 1) return -1;
  return shape.size() > 2 ? best : -1;
}

// Visits [outer, channel, inner] of a tensor with that axis: visit(channel, first element, count).
template <class Visit>
void for_each_run(const Shape& shape, int64_t axis, const Visit& visit) {
  const auto at = static_cast<size_t>(axis);
  const int64_t outer = elements(shape, 0, at), inner = elements(shape, at + 1, shape.size());
  size_t first = 0;
  for (int64_t i = 0; i < outer; ++i)
    for (int64_t channel = 0; channel < shape[at]; ++channel) {
      visit(static_cast<size_t>(channel), first, static_cast<size_t>(inner));
      first += static_cast<size_t>(inner);
    }
}

// visit(first element, count) for the runs of the group's elements; returns how many there are.
template <class Visit>
double for_each_element_run(const Shape& shape, const OutputGroup& group, const Visit& visit) {
  const int64_t all = elements(shape, 0, shape.size());
  if (group.axis < 0) {
    visit(0, static_cast<size_t>(all));
    return static_cast<double>(all);
  }
  const int64_t channels = shape[static_cast<size_t>(group.axis)];
  std::vector<bool> belongs(static_cast<size_t>(channels), false);
  for (const int64_t channel : group.channels) belongs[static_cast<size_t>(channel)] = true;
  for_each_run(shape, group.axis, [&](size_t channel, size_t first, size_t count) {
    if (belongs[channel]) visit(first, count);
  });
  return static_cast<double>(all / channels) * static_cast<double>(group.channels.size());
}

}  // namespace

ChannelPower::ChannelPower(const Shape& shape) : shape_(shape), axis_(channel_axis(shape)) {
  sums_.assign(axis_ < 0 ? 1 : static_cast<size_t>(shape[static_cast<size_t>(axis_)]), 0);
}

void ChannelPower::add(const Tensor& output) {
  const auto values = output.values<float>();
  const auto sum = [&](size_t channel, size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i)
      sums_[channel] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  };
  if (axis_ < 0)
    sum(0, 0, values.size());
  else
    for_each_run(shape_, axis_, sum);
  ++samples_;
}

std::vector<OutputGroup> ChannelPower::groups(const std::string& output) const {
  const double count = static_cast<double>(elements(shape_, 0, shape_.size())) *
                       static_cast<double>(samples_) / static_cast<double>(sums_.size());
  if (axis_ < 0) return {{output, -1, {}, sums_[0] / count}};
  std::vector<int64_t> order(sums_.size());
  std::iota(order.begin(), order.end(), 0);
  const auto power = [&](int64_t channel) { return sums_[static_cast<size_t>(channel)] / count; };
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return power(a) < power(b); });
  std::vector<OutputGroup> groups;
  double previous = 0;
  for (const int64_t channel : order) {
    // Silent channels go with the quietest that are not.
    if (groups.empty() || (previous > 0 && power(channel) > kFactor * kFactor * previous))
      groups.push_back({output, axis_, {}, 0});
    groups.back().channels.push_back(channel);
    groups.back().signal_power += power(channel);
    previous = power(channel);
  }
  for (OutputGroup& group : groups) {
    group.signal_power /= static_cast<double>(group.channels.size());
    std::sort(group.channels.begin(), group.channels.end());
  }
  if (groups.size() == 1) groups[0] = {output, -1, {}, groups[0].signal_power};
  return groups;
}

void add_probe(Tensor& seed, const OutputGroup& group, std::mt19937_64& random,
               std::span<const float> weights) {
  if (!(group.signal_power > 0)) return;
  const auto values = seed.mutable_values<float>();
  const double count = for_each_element_run(seed.shape(), group, [](size_t, size_t) {});
  const auto weight = static_cast<float>(1 / std::sqrt(group.signal_power * count));
  uint64_t bits = 0;
  int left = 0;
  for_each_element_run(seed.shape(), group, [&](size_t first, size_t run) {
    for (size_t i = first; i < first + run; ++i) {
      if (left == 0) {
        bits = random();
        left = 64;
      }
      const float size = weights.empty() ? weight : weight * std::sqrt(weights[i]);
      values[i] = (bits & 1) != 0 ? size : -size;
      bits >>= 1;
      --left;
    }
  });
}

double relative_noise(const Tensor& exact, const Tensor& changed, const OutputGroup& group,
                      std::span<const float> weights) {
  if (!(group.signal_power > 0)) return 0;
  const auto x = exact.values<float>(), y = changed.values<float>();
  double sum = 0;
  const double count = for_each_element_run(exact.shape(), group, [&](size_t first, size_t run) {
    for (size_t i = first; i < first + run; ++i) {
      const double error = static_cast<double>(y[i]) - static_cast<double>(x[i]);
      sum += (weights.empty() ? 1 : static_cast<double>(weights[i])) * error * error;
    }
  });
  return sum / count / group.signal_power;
}

double mean_weight(const Tensor& output, const OutputGroup& group, std::span<const float> weights) {
  if (weights.empty()) return 1;
  double sum = 0;
  const double count = for_each_element_run(output.shape(), group, [&](size_t first, size_t run) {
    for (size_t i = first; i < first + run; ++i) sum += static_cast<double>(weights[i]);
  });
  return sum / count;
}

}  // namespace acuate
