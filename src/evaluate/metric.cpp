#include "evaluate/metric.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "evaluate/values.h"

namespace acuate {
namespace {

// Linear between the neighbours, as numpy.percentile by default.
double percentile(const std::vector<double>& sorted, double fraction) {
  const double at = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::optional<std::array<double, 2>> bootstrap_interval(size_t n, uint64_t seed,
                                                        const ResampleStatistic& statistic,
                                                        size_t resamples) {
  if (n < 2 || resamples == 0) return std::nullopt;
  std::mt19937_64 engine(seed);
  std::vector<size_t> indices(n);
  std::vector<double> values;
  for (size_t i = 0; i < resamples; ++i) {
    for (size_t& index : indices) index = engine() % n;
    const auto value = statistic(indices);
    if (!value || !std::isfinite(*value)) return std::nullopt;
    values.push_back(*value);
  }
  std::sort(values.begin(), values.end());
  return std::array{percentile(values, 0.025), percentile(values, 0.975)};
}

std::optional<std::array<double, 2>> bootstrap_interval(size_t n, const MetricContext& context,
                                                        const ResampleStatistic& statistic) {
  return bootstrap_interval(n, context.seed, statistic, context.resamples);
}

Result<OutputPair> output_pair(const SampleOutputs& sample, size_t output,
                               const MetricContext& context) {
  const std::string what =
      fmt::format("{}: output '{}'", sample.sample, context.output_names.at(output));
  ACUATE_CHECK(sample.baseline.size() == context.output_names.size() &&
                   sample.converted.size() == context.output_names.size(),
               "as many outputs as names");
  const Tensor &baseline = sample.baseline[output], &converted = sample.converted[output];
  if (baseline.shape() != converted.shape())
    return fail("{}: the converted model gives shape {}, the float model {}", what,
                format_shape(converted.shape()), format_shape(baseline.shape()));
  auto first = to_doubles(baseline, what), second = to_doubles(converted, what);
  if (!first) return first.error();
  if (!second) return second.error();
  return OutputPair{std::move(*first), std::move(*second)};
}

}  // namespace acuate
