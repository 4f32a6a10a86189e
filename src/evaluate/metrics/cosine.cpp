#include <cmath>

#include "evaluate/metric.h"

namespace acuate {
namespace {

struct Sums {
  double product = 0, baseline = 0, converted = 0;

  void add(const Sums& other) {
    product += other.product;
    baseline += other.baseline;
    converted += other.converted;
  }
  std::optional<double> cosine() const {
    if (!(baseline > 0) || !(converted > 0)) return std::nullopt;
    return product / (std::sqrt(baseline) * std::sqrt(converted));
  }
};

class Cosine : public MetricAccumulator {
 public:
  explicit Cosine(const MetricContext& context)
      : context_(context), samples_(context.output_names.size()) {}

  Result<void> add(const SampleOutputs& sample) override {
    for (size_t output = 0; output < samples_.size(); ++output) {
      const auto pair = output_pair(sample, output, context_);
      if (!pair) return pair.error();
      Sums sums;
      for (size_t i = 0; i < pair->baseline.size(); ++i) {
        const double x = pair->baseline[i], y = pair->converted[i];
        sums.add({x * y, x * x, y * y});
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
    value.name = "cosine";
    value.output = context_.output_names[output];
    value.n = static_cast<int64_t>(samples.size());
    Sums total;
    for (const Sums& sums : samples) total.add(sums);
    if (samples.empty())
      value.reason = "no samples";
    else if (!std::isfinite(total.baseline))
      value.reason = "the float model gives values that are not finite";
    else if (!std::isfinite(total.converted) || !std::isfinite(total.product))
      value.reason = "the converted model gives values that are not finite";
    else if (!total.cosine())
      value.reason = "undefined: one of the models gives only zeros";
    if (!value.reason.empty()) return value;
    value.baseline = 1;
    value.converted = total.cosine();
    value.interval =
        bootstrap_interval(samples.size(), context_.seed, [&](std::span<const size_t> indices) {
          Sums drawn;
          for (size_t i : indices) drawn.add(samples[i]);
          return drawn.cosine();
        });
    return value;
  }

  MetricContext context_;
  std::vector<std::vector<Sums>> samples_;  // [output][sample]
};

}  // namespace

// sum x x' / (|x| |x'|) over all elements of all samples, per output.
void register_evaluate_cosine(MetricRegistry& registry) {
  registry.add(
      {.id = "cosine",
       .summary = "cosine of the angle between both models' outputs, per output",
       .needs = "",
       .reads_labels = false,
       .create = [](const MetricContext& context) { return std::make_unique<Cosine>(context); }});
}

}  // namespace acuate
