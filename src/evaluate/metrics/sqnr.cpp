#include <cmath>

#include "evaluate/metric.h"

namespace acuate {
namespace {

// Sums of one sample, or of several added up.
struct Sums {
  double signal = 0, noise = 0;
};

class Sqnr : public MetricAccumulator {
 public:
  explicit Sqnr(const MetricContext& context)
      : context_(context), samples_(context.output_names.size()) {}

  Result<void> add(const SampleOutputs& sample) override {
    for (size_t output = 0; output < samples_.size(); ++output) {
      const auto pair = output_pair(sample, output, context_);
      if (!pair) return pair.error();
      Sums sums;
      for (size_t i = 0; i < pair->baseline.size(); ++i) {
        const double x = pair->baseline[i], difference = x - pair->converted[i];
        sums.signal += x * x;
        sums.noise += difference * difference;
      }
      samples_[output].push_back(sums);
    }
    return {};
  }

  std::vector<MetricValue> finish() const override {
    std::vector<MetricValue> values;
    for (size_t output = 0; output < samples_.size(); ++output)
      values.push_back(finish_output(output));
    return values;
  }

 private:
  MetricValue finish_output(size_t output) const {
    const std::vector<Sums>& samples = samples_[output];
    MetricValue value;
    value.name = "sqnr_db";
    value.output = context_.output_names[output];
    value.n = static_cast<int64_t>(samples.size());
    Sums total;
    for (const Sums& sums : samples) total = {total.signal + sums.signal, total.noise + sums.noise};
    if (samples.empty())
      value.reason = "no samples";
    else if (!std::isfinite(total.signal))
      value.reason = "the float model gives values that are not finite";
    else if (!std::isfinite(total.noise))
      value.reason = "the converted model gives values that are not finite";
    else if (total.signal == 0)
      value.reason = "the float model gives only zeros";
    else if (total.noise == 0)
      value.reason = "infinite: both models give the same values";
    if (!value.reason.empty()) return value;
    value.reason = "the float model is the reference: it has no noise";  // why `baseline` is empty
    value.converted = 10 * std::log10(total.signal / total.noise);
    value.interval =
        bootstrap_interval(samples.size(), context_.seed, [&](std::span<const size_t> indices) {
          Sums drawn;
          for (size_t i : indices)
            drawn = {drawn.signal + samples[i].signal, drawn.noise + samples[i].noise};
          return drawn.signal > 0 && drawn.noise > 0
                     ? std::optional(10 * std::log10(drawn.signal / drawn.noise))
                     : std::nullopt;
        });
    return value;
  }

  MetricContext context_;
  std::vector<std::vector<Sums>> samples_;  // [output][sample]
};

}  // namespace

// 10 log10(sum x^2 / sum (x - x')^2) over all elements of all samples, per output.
void register_evaluate_sqnr(MetricRegistry& registry) {
  registry.add(
      {.id = "sqnr",
       .summary = "signal to quantization noise in dB, per output, against the float model",
       .needs = "",
       .reads_labels = false,
       .create = [](const MetricContext& context) { return std::make_unique<Sqnr>(context); }});
}

}  // namespace acuate
