#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_text_box_f1(MetricRegistry& registry);

namespace {

using ::testing::HasSubstr;

// Reads boxes off a tensor of [count, 4] left, top, right, bottom, so that the metric is tested
// without a detector.
const Decoder kRows{
    "rows",
    "",
    "text_boxes",
    {},
    [](const RawOutputs& raw, const DecoderOptions&) -> Result<Decoded> {
      Decoded decoded;
      const auto v = raw.outputs[0].values<float>();
      for (size_t i = 0; i < v.size(); i += 4)
        decoded.text_boxes.push_back(
            {{{{v[i], v[i + 1]}, {v[i + 2], v[i + 1]}, {v[i + 2], v[i + 3]}, {v[i], v[i + 3]}}},
             1});
      return decoded;
    }};

Tensor boxes(std::initializer_list<float> values) {
  return Tensor::of<float>({static_cast<int64_t>(values.size() / 4), 4}, values);
}

MetricValue run(const std::vector<std::pair<Tensor, Tensor>>& pages) {
  return run_metric(register_evaluate_text_box_f1, pages,
                    {.output_names = {"y"}, .decoder = &kRows})
      .at(0);
}

TEST(TextBoxF1, IsOneForEqualBoxesInAnyOrder) {
  const MetricValue value =
      run({{boxes({0, 0, 9, 3, 0, 5, 9, 8}), boxes({0, 5, 9, 8, 0, 0, 9, 3})}});
  EXPECT_EQ(value.converted, 1);
  EXPECT_EQ(value.baseline, 1);
  EXPECT_EQ(value.details.at("matched_boxes"), 2);
}

// Page one: 2 of 3 found and one false; page two: none of 1. 2 * 2 / (4 + 3).
TEST(TextBoxF1, AddsCountsOverPages) {
  const MetricValue value = run({{boxes({0, 0, 9, 3, 0, 5, 9, 8, 0, 10, 9, 13}),
                                  boxes({0, 0, 9, 3, 0, 5, 9, 8, 50, 50, 60, 60})},
                                 {boxes({0, 0, 9, 3}), boxes({})}});
  EXPECT_DOUBLE_EQ(*value.converted, 4.0 / 7);
  EXPECT_EQ(value.details.at("truth_boxes"), 4);
  EXPECT_EQ(value.details.at("predicted_boxes"), 3);
  EXPECT_EQ(value.n, 2);
  ASSERT_TRUE(value.interval);
  EXPECT_EQ((*value.interval)[0], 0);
  EXPECT_DOUBLE_EQ((*value.interval)[1], 2.0 / 3);
}

// IoU of [0, 6] and [2, 8] is 4 / 8; of [0, 6] and [2.1, 8.1] it is below.
TEST(TextBoxF1, MatchesFromOneHalf) {
  EXPECT_EQ(run({{boxes({0, 0, 6, 1}), boxes({2, 0, 8, 1})}}).converted, 1);
  EXPECT_EQ(run({{boxes({0, 0, 6, 1}), boxes({2.1f, 0, 8.1f, 1})}}).converted, 0);
}

TEST(TextBoxF1, MatchesEachBoxOnce) {
  const MetricValue value = run({{boxes({0, 0, 10, 1}), boxes({0, 0, 10, 1, 0, 0, 9, 1})}});
  EXPECT_DOUBLE_EQ(*value.converted, 2.0 / 3);
}

// Both predictions overlap the first truth by 7 / 13; only if the second takes its equal first do
// both find one.
TEST(TextBoxF1, PrefersTheBetterPair) {
  const MetricValue value =
      run({{boxes({0, 0, 10, 1, 3, 0, 13, 1}), boxes({3, 0, 13, 1, -3, 0, 7, 1})}});
  EXPECT_EQ(value.details.at("matched_boxes"), 2);
}

TEST(TextBoxF1, SaysWhyThereIsNone) {
  EXPECT_THAT(run({}).reason, HasSubstr("no samples"));
  EXPECT_THAT(run({{boxes({}), boxes({})}}).reason, HasSubstr("neither model finds any text box"));
  const MetricValue extra = run({{boxes({}), boxes({0, 0, 9, 3})}});
  EXPECT_EQ(extra.converted, 0);
  EXPECT_FALSE(extra.baseline);
}

}  // namespace
}  // namespace acuate
