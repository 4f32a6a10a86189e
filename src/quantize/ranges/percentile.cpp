#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "quantize/range.h"

namespace acuate {

namespace {

constexpr double kDefaultPercent = 99.99;

// Symmetric schemes keep that share of |x|. Affine schemes give each tail half of what is cut off.
Range percentile(const Histogram& histogram, const Scheme& scheme, double percent) {
  const double kept = percent / 100;
  if (scheme.symmetric) {
    const double magnitude = histogram.magnitude_quantile(kept);
    return {-magnitude, magnitude};
  }
  const double tail = (1 - kept) / 2;
  return usable_range({histogram.quantile(tail), histogram.quantile(1 - tail)}, scheme);
}

Result<RangeFunction> prepare(std::string_view argument) {
  const auto percent = argument.empty() ? kDefaultPercent : parse_double(argument);
  if (!percent || !(*percent > 50 && *percent <= 100))
    return fail(
        "range method 'percentile': the option is '{}', expected a number above 50 and up to 100, "
        "as in "
        "percentile:99.9",
        argument);
  return RangeFunction([percent = *percent](const Histogram& histogram, const Scheme& scheme) {
    return percentile(histogram, scheme, percent);
  });
}

RangeNeeds needs(std::string_view argument) {
  const double percent = argument.empty() ? kDefaultPercent : *parse_double(argument);
  if (percent == 100) return {};
  const auto values = static_cast<uint64_t>(std::round(100 / (100 - percent)));
  return {1, values,
          fmt::format("{:g} % of fewer than {} values are all of them, so that nothing is cut off",
                      percent, values)};
}

}  // namespace

void register_quantize_percentile(RangeMethodRegistry& registry) {
  registry.add({
      .id = "percentile",
      .doc = "keeps 99.99 % (or percentile:P) of the values: of |x| for symmetric schemes, else by "
             "halves from each tail",
      .prepare = prepare,
      .needs = needs,
  });
}

}  // namespace acuate
