#include "quantize/range.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(RangeMethod, ChoicesAreParsedOnce) {
  EXPECT_EQ(parse_range_method("minmax")->text, "minmax");
  EXPECT_EQ(parse_range_method("percentile: 99.5")->text, "percentile:99.5");
  EXPECT_EQ(parse_range_method("mse")->text, "mse");
}

TEST(RangeMethod, MistakesSayWhatThereIs) {
  EXPECT_NE(parse_range_method("median").error().message.find(
                "there is no range method 'median'; there are: "),
            std::string::npos);
  EXPECT_EQ(parse_range_method("minmax:3").error().message,
            "range method 'minmax' takes no option, found '3'");
  EXPECT_EQ(parse_range_method("percentile:").error().message,
            "range method 'percentile:': nothing stands behind the colon");
  EXPECT_FALSE(parse_range_method(""));
}

TEST(RangeMethod, EveryMethodAnswersForEmptyAndConstantTensors) {
  Histogram constant;
  constant.add(std::vector<float>(100, 0.7f));
  Histogram zeros;
  zeros.add(std::vector<float>(100, 0.0f));
  for (const RangeMethod& method : range_methods().all()) {
    const RangeChoice choice = *parse_range_method(method.id);
    for (const Scheme& scheme : schemes().all()) {
      if (scheme.is_float()) continue;  // has no range
      SCOPED_TRACE(method.id + " " + scheme.id);
      EXPECT_EQ(choice.range(Histogram(), scheme), Range());
      const Range none = choice.range(zeros, scheme);
      if (!scheme.power_of_two) {
        EXPECT_EQ(scheme.from_range(none.min, none.max).scale.at(0), 1);
      }
      const Range range = choice.range(constant, scheme);
      EXPECT_LE(range.min, 0);
      EXPECT_NEAR(range.max, 0.7, 0.7 * 0.05);
      EXPECT_NEAR(range.min, scheme.symmetric ? -range.max : 0, 1e-9);
    }
  }
}

}  // namespace
}  // namespace acuate
