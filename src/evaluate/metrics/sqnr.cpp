#include <cmath>

#include "evaluate/per_output.h"

namespace acuate {
namespace {

// Sums of one sample, or of several added up.
struct Sums {
  double signal = 0, noise = 0;
};

class Sqnr : public PerOutputMetric<Sums> {
 public:
  using PerOutputMetric::PerOutputMetric;

 private:
  void add_element(Sums& sums, double x, double y) const override {
    sums.signal += x * x;
    sums.noise += (x - y) * (x - y);
  }

  void finish_output(const std::vector<Sums>& samples, const MetricContext& context,
                     MetricValue& value) const override {
    value.name = "sqnr_db";
    Sums total;
    for (const Sums& sums : samples) total = {total.signal + sums.signal, total.noise + sums.noise};
    if (samples.empty()) return;
    value.is_perfect = total.signal > 0 && std::isfinite(total.signal) && total.noise == 0;
    if (!std::isfinite(total.signal))
      value.reason = "the float model gives values that are not finite";
    else if (!std::isfinite(total.noise))
      value.reason = "the converted model gives values that are not finite";
    else if (total.signal == 0)
      value.reason = "the float model gives only zeros";
    else if (value.is_perfect)
      value.reason = "infinite: both models give the same values";
    if (!value.reason.empty()) return;
    value.reason = "the float model is the reference: it has no noise";  // why `baseline` is empty
    value.converted = 10 * std::log10(total.signal / total.noise);
    value.interval =
        bootstrap_interval(samples.size(), context, [&](std::span<const size_t> indices) {
          Sums drawn;
          for (size_t i : indices)
            drawn = {drawn.signal + samples[i].signal, drawn.noise + samples[i].noise};
          return drawn.signal > 0 && drawn.noise > 0
                     ? std::optional(10 * std::log10(drawn.signal / drawn.noise))
                     : std::nullopt;
        });
  }
};

}  // namespace

// 10 log10(sum x^2 / sum (x - x')^2) over all elements of all samples, per output.
void register_evaluate_sqnr(MetricRegistry& registry) {
  registry.add(
      {.id = "sqnr",
       .summary = "signal to quantization noise in dB, per output, against the float model",
       .create = [](const MetricContext& context) { return std::make_unique<Sqnr>(context); }});
}

}  // namespace acuate
