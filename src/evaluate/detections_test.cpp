#include "evaluate/detections.h"

#include <cmath>

#include <gmock/gmock.h>

#include "evaluate/decoder.h"

namespace acuate {
namespace {

using ::testing::ElementsAre;

// What stays, by score.
std::vector<float> kept(std::vector<Detection> candidates, DecoderOptions given = {}) {
  const Decoder decoder{"some", "", "detections", detection_parameters({}), nullptr};
  std::vector<float> scores;
  for (const Detection& detection :
       keep_best(std::move(candidates), *complete_options(decoder, given)))
    scores.push_back(detection.score);
  return scores;
}

TEST(BoxIou, IsTheCommonShare) {
  EXPECT_DOUBLE_EQ(box_iou({0, 0, 6, 2}, {2, 0, 8, 2}), 0.5);
  EXPECT_EQ(box_iou({0, 0, 1, 1}, {1, 0, 2, 1}), 0);
  EXPECT_EQ(box_iou({0, 0, 0, 0}, {0, 0, 0, 0}), 0);
}

// 7 of 13 overlap, 0.538.
TEST(KeepBest, DropsTheWorseOfTwoThatOverlapMore) {
  const std::vector<Detection> two = {{{0, 0, 10, 1}, 0.5F, 0}, {{3, 0, 13, 1}, 0.75F, 0}};
  EXPECT_THAT(kept(two), ElementsAre(0.75F, 0.5F));
  EXPECT_THAT(kept(two, {{"nms_iou", 0.5}}), ElementsAre(0.75F));
}

// The middle one goes, so the last overlaps nothing that is kept.
TEST(KeepBest, ComparesWithKeptOnesOnly) {
  EXPECT_THAT(kept({{{0, 0, 10, 1}, 0.9F, 0}, {{2, 0, 12, 1}, 0.8F, 0}, {{4, 0, 14, 1}, 0.7F, 0}}),
              ElementsAre(0.9F, 0.7F));
}

TEST(KeepBest, LeavesOtherClassesAlone) {
  EXPECT_THAT(kept({{{0, 0, 10, 1}, 0.9F, 0}, {{0, 0, 10, 1}, 0.8F, 1}}), ElementsAre(0.9F, 0.8F));
}

TEST(KeepBest, DropsWhatIsNoDetection) {
  EXPECT_THAT(kept({{{0, 0, 9, 1}, 0.001F, 0},
                    {{0, 0, 9, 1}, std::nanf(""), 0},
                    {{0, 0, INFINITY, 1}, 0.9F, 0},
                    {{5, 0, 5, 1}, 0.9F, 0},
                    {{0, 0, 9, 1}, 0.6F, 0}}),
              ElementsAre(0.6F));
  EXPECT_THAT(kept({{{0, 0, 1, 1}, 0.9F, 0}, {{5, 0, 6, 1}, 0.8F, 0}}, {{"max_detections", 1}}),
              ElementsAre(0.9F));
}

}  // namespace
}  // namespace acuate
