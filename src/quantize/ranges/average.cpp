#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "quantize/range.h"

namespace acuate {

namespace {

constexpr double kDefaultWeight = 0.01;

// m ← m + weight · (x − m) for either extreme, from the first sample that has finite values on.
Range average(const Histogram& histogram, const Scheme& scheme, double weight) {
  std::optional<Range> moving;
  for (const SampleRange& sample : histogram.sample_ranges()) {
    if (!sample.range) continue;
    if (!moving) moving = Range{sample.range->min, sample.range->max};
    moving->min += weight * (sample.range->min - moving->min);
    moving->max += weight * (sample.range->max - moving->max);
  }
  // Values that nobody divided into samples are one.
  if (const auto range = histogram.range(); range && histogram.sample_ranges().empty())
    moving = Range{range->min, range->max};
  return moving ? usable_range(*moving, scheme) : Range{};
}

Result<RangeFunction> prepare(std::string_view argument) {
  const auto weight = argument.empty() ? kDefaultWeight : parse_double(argument);
  if (!weight || !(*weight > 0 && *weight <= 1))
    return fail(
        "range method 'average': the option is '{}', expected the weight of a new sample, above 0 "
        "and up to 1, as in average:0.1",
        argument);
  return RangeFunction([weight = *weight](const Histogram& histogram, const Scheme& scheme) {
    return average(histogram, scheme, weight);
  });
}

// The first sample weighs (1 − weight)^(n − 1) after n of them.
RangeNeeds needs(std::string_view argument) {
  const double weight = argument.empty() ? kDefaultWeight : *parse_double(argument);
  const double halving = weight < 1 ? std::log(0.5) / std::log(1 - weight) : 1;
  return {1 + static_cast<size_t>(std::ceil(halving)), 1,
          fmt::format("with a weight of {:g} for each new sample, the first one makes more than "
                      "half of the range until then",
                      weight)};
}

}  // namespace

// The moving average of the samples' extremes, in the order of their numbers: TensorFlow's
// MovingAverageQuantize and PyTorch's MovingAverageMinMaxObserver, whose constant of 0.01 is the
// default here. With few samples that is little more than the first one; average:0.1 forgets it.
void register_quantize_average(RangeMethodRegistry& registry) {
  registry.add({
      .id = "average",
      .doc = "the moving average of the samples' extremes, a new one weighing 0.01 (or average:W)",
      .prepare = prepare,
      .needs = needs,
  });
}

}  // namespace acuate
