#include <cmath>

#include "evaluate/per_output.h"

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

class Cosine : public PerOutputMetric<Sums> {
 public:
  using PerOutputMetric::PerOutputMetric;

 private:
  void add_element(Sums& sums, double x, double y) const override {
    sums.add({x * y, x * x, y * y});
  }

  void finish_output(const std::vector<Sums>& samples, const MetricContext& context,
                     MetricValue& value) const override {
    value.name = "cosine";
    Sums total;
    for (const Sums& sums : samples) total.add(sums);
    if (samples.empty()) return;
    if (!std::isfinite(total.baseline))
      value.reason = "the float model gives values that are not finite";
    else if (!std::isfinite(total.converted) || !std::isfinite(total.product))
      value.reason = "the converted model gives values that are not finite";
    else if (!total.cosine())
      value.reason = "undefined: one of the models gives only zeros";
    if (!value.reason.empty()) return;
    value.baseline = 1;
    value.converted = total.cosine();
    value.interval =
        bootstrap_interval(samples.size(), context, [&](std::span<const size_t> indices) {
          Sums drawn;
          for (size_t i : indices) drawn.add(samples[i]);
          return drawn.cosine();
        });
  }
};

}  // namespace

// sum x x' / (|x| |x'|) over all elements of all samples, per output.
void register_evaluate_cosine(MetricRegistry& registry) {
  registry.add(
      {.id = "cosine",
       .summary = "cosine of the angle between both models' outputs, per output",
       .create = [](const MetricContext& context) { return std::make_unique<Cosine>(context); }});
}

}  // namespace acuate
