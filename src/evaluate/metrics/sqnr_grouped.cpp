#include <cmath>

#include "evaluate/channel_noise.h"
#include "evaluate/metric.h"

namespace acuate {
namespace {

// Sums of one output's channels, for each sample.
struct Output {
  std::vector<std::vector<ChannelSums>> samples;
  std::string reason;  // why there is no value
};

// Channels of one run of a group, added up.
ChannelSums sum_of(const ChannelGroup& group, const std::vector<ChannelSums>& channels) {
  ChannelSums sums;
  for (size_t i = group.first; i < group.first + group.count; ++i) sums.add(channels[i]);
  return sums;
}

class SqnrGrouped : public MetricAccumulator {
 public:
  explicit SqnrGrouped(const MetricContext& context)
      : context_(context), outputs_(context.output_names.size()) {}

  Result<void> add(const SampleOutputs& sample) override {
    for (size_t i = 0; i < outputs_.size(); ++i) {
      Output& output = outputs_[i];
      const Shape &one = sample.baseline[i].shape(), &other = sample.converted[i].shape();
      if (one.size() == other.size() && one != other)
        output.reason = "the models give some samples different sizes";
      if (!output.reason.empty()) continue;
      const auto pair = output_pair(sample, i, context_);
      if (!pair) return pair.error();
      std::vector<ChannelSums> channels(channel_count(one));
      if (!output.samples.empty() && output.samples[0].size() != channels.size()) {
        output.reason = "its number of channels differs from sample to sample";
        continue;
      }
      add_channels(pair->baseline, pair->converted, one, channels);
      output.samples.push_back(std::move(channels));
    }
    return {};
  }

  std::vector<MetricValue> finish() const override {
    std::vector<MetricValue> values;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      MetricValue value;
      value.name = "sqnr_grouped_db";
      value.output = context_.output_names[i];
      value.n = static_cast<int64_t>(outputs_[i].samples.size());
      value.reason = outputs_[i].reason;
      if (value.reason.empty() && value.n == 0) value.reason = "no samples";
      if (value.reason.empty()) finish_output(outputs_[i].samples, value);
      values.push_back(std::move(value));
    }
    return values;
  }

 private:
  void finish_output(const std::vector<std::vector<ChannelSums>>& samples,
                     MetricValue& value) const {
    std::vector<ChannelSums> total(samples[0].size());
    for (const auto& channels : samples)
      for (size_t i = 0; i < total.size(); ++i) total[i].add(channels[i]);
    const std::vector<ChannelGroup> groups = group_channels(total);
    value.details["groups"] = static_cast<double>(groups.size());
    for (const ChannelGroup& group : groups)
      if (!std::isfinite(group.sums.signal) || !std::isfinite(group.sums.noise)) {
        value.reason = "one of the models gives values that are not finite";
        return;
      }
    const ChannelGroup* worst = worst_group(groups);
    if (worst == nullptr) {
      ChannelSums all;
      for (const ChannelGroup& group : groups) all.add(group.sums);
      value.is_perfect = all.signal > 0 && all.noise == 0;
      value.reason = value.is_perfect ? "infinite: both models give the same values"
                                      : "no group of channels has both signal and noise";
      return;
    }
    value.reason = "the float model is the reference: it has no noise";  // why `baseline` is empty
    value.converted = worst->sqnr_db();
    value.details["first_channel"] = static_cast<double>(worst->first);
    value.details["channels"] = static_cast<double>(worst->count);
    std::vector<std::vector<ChannelSums>> sums;  // [group][sample]
    for (const ChannelGroup& group : groups) {
      sums.emplace_back();
      for (const auto& channels : samples) sums.back().push_back(sum_of(group, channels));
    }
    value.interval =
        bootstrap_interval(samples.size(), context_, [&](std::span<const size_t> indices) {
          std::vector<ChannelGroup> drawn(groups.size());
          for (size_t g = 0; g < groups.size(); ++g)
            for (const size_t i : indices) drawn[g].sums.add(sums[g][i]);
          const ChannelGroup* least = worst_group(drawn);
          return least == nullptr ? std::nullopt : least->sqnr_db();
        });
  }

  MetricContext context_;
  std::vector<Output> outputs_;
};

}  // namespace

// The signal-to-noise ratio of the worst group of channels of each output, see channel_noise.h.
void register_evaluate_sqnr_grouped(MetricRegistry& registry) {
  registry.add({.id = "sqnr_grouped",
                .summary = "as sqnr, of the worst group of channels of like range of each output",
                .create = [](const MetricContext& context) {
                  return std::make_unique<SqnrGrouped>(context);
                }});
}

}  // namespace acuate
