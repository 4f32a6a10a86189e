#pragma once

#include <vector>

#include <fmt/format.h>

#include "evaluate/metric.h"

namespace acuate {

// A metric that keeps sums for each output and sample, so that they can be added up over all
// samples and over resamples. An output whose size follows from data has no number where the models
// give different sizes.
template <class Sums>
class PerOutputMetric : public MetricAccumulator {
 public:
  explicit PerOutputMetric(const MetricContext& context)
      : context_(context),
        samples_(context.output_names.size()),
        other_size_(context.output_names.size()) {}

  Result<void> add(const SampleOutputs& sample) override {
    for (size_t output = 0; output < samples_.size(); ++output) {
      const Shape &one = sample.baseline[output].shape(), &other = sample.converted[output].shape();
      if (one.size() == other.size() && one != other) {
        ++other_size_[output];
        continue;
      }
      const auto pair = output_pair(sample, output, context_);
      if (!pair) return pair.error();
      Sums sums;
      for (size_t i = 0; i < pair->baseline.size(); ++i)
        add_element(sums, pair->baseline[i], pair->converted[i]);
      samples_[output].push_back(sums);
    }
    return {};
  }

  std::vector<MetricValue> finish() const override {
    std::vector<MetricValue> values;
    for (size_t output = 0; output < samples_.size(); ++output) {
      MetricValue value;
      value.output = context_.output_names[output];
      value.n = static_cast<int64_t>(samples_[output].size());
      if (samples_[output].empty()) value.reason = "no samples";
      if (other_size_[output] > 0)
        value.reason = fmt::format("the models give {} of {} samples different sizes",
                                   other_size_[output], value.n + other_size_[output]);
      finish_output(other_size_[output] > 0 ? std::vector<Sums>() : samples_[output], context_,
                    value);
      values.push_back(std::move(value));
    }
    return values;
  }

 protected:
  // One element of the baseline's output and the same of the converted model's.
  virtual void add_element(Sums& sums, double baseline, double converted) const = 0;
  // Fills in what the sums of the samples say; `reason` is set already where there are none.
  virtual void finish_output(const std::vector<Sums>& samples, const MetricContext& context,
                             MetricValue& value) const = 0;

 private:
  MetricContext context_;
  std::vector<std::vector<Sums>> samples_;  // [output][sample]
  std::vector<int64_t> other_size_;         // samples, for each output
};

}  // namespace acuate
