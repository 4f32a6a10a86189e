#include "evaluate/average_precision.h"

#include <gmock/gmock.h>

namespace acuate {
namespace {

// The equality with pycocotools is held by tests/coco_ap_test.py; here are cases small enough to
// work out by hand.

Box at(double left) { return {left, 0, left + 10, 10}; }
Detection found(double left, float score, int64_t category = 0) {
  return {at(left), score, category};
}

AveragePrecision run(const std::vector<TruthBox>& truth, const std::vector<Detection>& detections) {
  DetectionMatches matches;
  matches.add(truth, detections);
  return matches.average_precision({}).value();
}

TEST(AveragePrecision, IsOneForTheTruth) {
  EXPECT_DOUBLE_EQ(run({{at(0)}, {at(50)}}, {found(50, 0.5F), found(0, 0.4F)}).all, 1);
}

// A false one above the only true one: precision 1/2 at every recall. Below it: none is lost.
TEST(AveragePrecision, RanksByScore) {
  EXPECT_NEAR(run({{at(0)}}, {found(90, 0.9F), found(0, 0.5F)}).all, 0.5, 1e-12);
  EXPECT_DOUBLE_EQ(run({{at(0)}}, {found(90, 0.1F), found(0, 0.5F)}).all, 1);
}

// Half of the truths: recalls 0 to 0.50, 51 of 101.
TEST(AveragePrecision, ReadsAHundredAndOneRecalls) {
  EXPECT_NEAR(run({{at(0)}, {at(50)}}, {found(0, 0.9F)}).all, 51.0 / 101, 1e-12);
}

// Shifted by 2 of 10: IoU 8 / 12 = 0.667, found at the thresholds 0.50 to 0.65.
TEST(AveragePrecision, CountsThresholds) {
  const AveragePrecision value = run({{at(0)}}, {found(2, 0.9F)});
  EXPECT_NEAR(value.all, 0.4, 1e-12);
  EXPECT_NEAR(value.at50, 1, 1e-12);
  EXPECT_EQ(value.at75, 0);
}

// The second of two at the same place is false; a class without truths does not count.
TEST(AveragePrecision, TakesATruthOnce) {
  EXPECT_NEAR(run({{at(0)}, {at(50)}}, {found(0, 0.9F), found(0, 0.8F), found(50, 0.7F)}).all,
              (51 + 50 * 2.0 / 3) / 101, 1e-12);
  EXPECT_DOUBLE_EQ(run({{at(0)}}, {found(0, 0.9F), found(0, 0.9F, 1)}).all, 1);
}

TEST(AveragePrecision, LeavesCrowdsOut) {
  const TruthBox crowd{{100, 0, 200, 10}, 0, true};
  EXPECT_DOUBLE_EQ(run({{at(0)}, crowd}, {found(120, 0.9F), found(150, 0.9F), found(0, 0.5F)}).all,
                   1);
  DetectionMatches only_crowd;
  only_crowd.add(std::vector{crowd}, {});
  EXPECT_FALSE(only_crowd.average_precision({}));
}

// A sample taken twice counts twice: of the truths 2 of 3 are found.
TEST(AveragePrecision, TakesSamplesByWeight) {
  DetectionMatches matches;
  matches.add(std::vector<TruthBox>{{at(0)}}, std::vector{found(0, 0.9F)});
  matches.add(std::vector<TruthBox>{{at(0)}}, {});
  const std::vector<uint32_t> weights = {2, 1};
  EXPECT_NEAR(matches.average_precision(weights)->all, 67.0 / 101, 1e-12);
  const std::vector<uint32_t> first = {1, 0};
  EXPECT_DOUBLE_EQ(matches.average_precision(first)->all, 1);
}

TEST(AveragePrecisionInterval, IsThatOfTheSamples) {
  DetectionMatches matches;
  for (int i = 0; i < 20; ++i)
    matches.add(std::vector<TruthBox>{{at(0)}},
                i % 2 == 0 ? std::vector{found(0, 0.9F)} : std::vector<Detection>());
  const auto interval = average_precision_interval(matches, {});
  ASSERT_TRUE(interval);
  EXPECT_NEAR((*interval)[0], 0.3, 0.06);
  EXPECT_NEAR((*interval)[1], 0.7, 0.06);
  EXPECT_FALSE(average_precision_interval(matches, {.resamples = 0}));
}

}  // namespace
}  // namespace acuate
