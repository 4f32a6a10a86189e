#include "evaluate/ssd_anchors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(SsdAnchors, LayersOfOneStrideShareTheirCells) {
  DecoderOptions options = {{"anchors_per_layer", 1}};
  options.set("strides", {8, 16, 16});
  const std::vector<Point> expected = {{4, 4}, {12, 4}, {8, 8}, {8, 8}};
  EXPECT_EQ(ssd_anchors({16, 8}, options), expected);
  // Cells at the edges count whole.
  EXPECT_EQ(ssd_anchors({9, 8}, options).size(), 4U);
  EXPECT_TRUE(ssd_anchors({0, 0}, options).empty());
}

}  // namespace
}  // namespace acuate
