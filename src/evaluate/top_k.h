#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "evaluate/metric.h"

namespace acuate {

// The class of the highest score, the first of equal ones.
inline int64_t first_of(const std::vector<double>& scores) {
  size_t first = 0;
  for (size_t i = 1; i < scores.size(); ++i)
    if (scores[i] > scores[first] || (std::isnan(scores[first]) && !std::isnan(scores[i])))
      first = i;
  return static_cast<int64_t>(first);
}

// How many classes stand before `category` by score: higher ones, and equal ones of lower number. A
// score that is not a number stands last.
inline int64_t rank_of(const std::vector<double>& scores, int64_t category) {
  const auto value = [&](size_t i) { return std::isnan(scores[i]) ? -INFINITY : scores[i]; };
  const auto wanted = static_cast<size_t>(category);
  int64_t before = 0;
  for (size_t i = 0; i < scores.size(); ++i)
    before += value(i) > value(wanted) || (value(i) == value(wanted) && i < wanted);
  return before;
}

// The share of samples whose labelled class is among the first k of a model.
class TopK : public MetricAccumulator {
 public:
  TopK(const MetricContext& context, std::string name, int64_t k)
      : context_(context), name_(std::move(name)), k_(k) {}

  Result<void> add(const SampleOutputs& sample) override {
    const int64_t category = sample.truth->category.value();
    const auto hit = [&](const Decoded& decoded) -> Result<char> {
      const auto classes = static_cast<int64_t>(decoded.class_scores.size());
      if (category >= classes)
        return fail("{}: the label is class {}, the network has classes 0 to {}", sample.sample,
                    category, classes - 1);
      return static_cast<char>(rank_of(decoded.class_scores, category) < k_);
    };
    const auto converted = hit(*sample.converted_decoded);
    if (!converted) return converted.error();
    converted_.push_back(*converted);
    if (sample.baseline_decoded == nullptr) return {};
    const auto baseline = hit(*sample.baseline_decoded);
    if (!baseline) return baseline.error();
    baseline_.push_back(*baseline);
    return {};
  }

  std::vector<MetricValue> finish() const override {
    MetricValue value;
    value.name = name_;
    value.n = static_cast<int64_t>(converted_.size());
    if (converted_.empty()) {
      value.reason = "no samples";
      return {value};
    }
    value.converted = share(converted_);
    value.interval = interval(converted_);
    if (baseline_.empty()) {
      value.reason = "there is no float model";
      return {value};
    }
    value.baseline = share(baseline_);
    value.baseline_interval = interval(baseline_);
    return {value};
  }

 private:
  static double share(const std::vector<char>& hits) {
    return static_cast<double>(std::count(hits.begin(), hits.end(), 1)) /
           static_cast<double>(hits.size());
  }
  std::optional<std::array<double, 2>> interval(const std::vector<char>& hits) const {
    return bootstrap_interval(hits.size(), context_, [&](std::span<const size_t> indices) {
      const auto drawn =
          std::count_if(indices.begin(), indices.end(), [&](size_t i) { return hits[i] == 1; });
      return std::optional(static_cast<double>(drawn) / static_cast<double>(indices.size()));
    });
  }

  MetricContext context_;
  std::string name_;
  int64_t k_;
  std::vector<char> converted_, baseline_;  // whether sample i is a hit
};

}  // namespace acuate
