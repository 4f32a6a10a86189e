#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<Finding> depthwise(const std::string& weights, int group = 10) {
  return findings_of(
      "weight_channel_range",
      "g (float[1,10,2,2] x) => (float[1,10,2,2] y) <float[10,1,1,1] w = {" + weights +
          "}> { [\"/block/dw/Conv\"] y = Conv <group = " + std::to_string(group) + "> (x, w) }",
      "onnxruntime");
}

TEST(WeightChannelRange, CountsTheChannelsThatLose) {
  const Finding finding = only(depthwise("1, -64, 1, 4, 8, -1, 16, 32, 64, 2"));
  EXPECT_EQ(finding.severity, Severity::Info);
  EXPECT_EQ(finding.module, "block.dw");
  EXPECT_THAT(finding.nodes, ElementsAre("/block/dw/Conv"));
  EXPECT_THAT(finding.evidence, HasSubstr("from 1 to 64"));
  EXPECT_THAT(finding.evidence, HasSubstr("3 of 10 channels"));  // 2 · 32 is not below 64
}

// Batch normalization belongs to the weights before they are quantized.
TEST(WeightChannelRange, SeesWhatNormalizationMakesOfThem) {
  const Finding finding = only(findings_of("weight_channel_range", R"(
    g (float[1,8,2,2] x) => (float[1,8,2,2] y)
      <float[8,1,1,1] w = {1, 1, 1, 1, 1, 1, 1, 1}, float[8] gamma = {1, 1, 1, 1, 1, 1, 1, 100},
       float[8] zero = {0, 0, 0, 0, 0, 0, 0, 0}, float[8] var = {1, 1, 1, 1, 1, 1, 1, 1}> {
      [dw] c = Conv <group = 8> (x, w)
      [bn] y = BatchNormalization(c, gamma, zero, zero, var)
    })",
                                           "onnxruntime"));
  EXPECT_THAT(finding.evidence, HasSubstr("7 of 8 channels"));
  EXPECT_THAT(finding.nodes, testing::Contains("dw"));
}

TEST(WeightChannelRange, LeavesEvenAndPrunedChannels) {
  EXPECT_THAT(depthwise("1, -2, 3, 4, 5, -6, 7, 8, 9, 10"), IsEmpty());
  EXPECT_THAT(depthwise("0, 0, 3, 4, 5, -6, 7, 8, 9, 10"), IsEmpty());
}

}  // namespace
}  // namespace acuate
