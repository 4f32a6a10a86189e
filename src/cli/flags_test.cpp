#include "cli/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(ShapeFlags, ShapesAndDimensions) {
  ShapeFlags flags;
  flags.shapes = {"x=1x3", "a=b=2x?"};  // split at the last `=`
  flags.dims = {"batch=4"};
  const auto options = flags.parse();
  ASSERT_TRUE(options);
  EXPECT_EQ(options->shapes.at("x"), (ShapeSpec{1, 3}));
  EXPECT_EQ(options->shapes.at("a=b"), (ShapeSpec{2, std::nullopt}));
  EXPECT_EQ(options->dims.at("batch"), 4);
}

TEST(ShapeFlags, TwiceIsAMistake) {
  ShapeFlags flags;
  flags.shapes = {"x=1", "x=2"};
  EXPECT_FALSE(flags.parse());
  flags.shapes = {};
  flags.dims = {"n=1", "n=1"};
  EXPECT_FALSE(flags.parse());
  flags.dims = {"n"};
  EXPECT_FALSE(flags.parse());
  flags.dims = {};
  flags.ranges = {"x=1:2:3"};
  EXPECT_EQ(flags.parse()->ranges.at("x").max, (ShapeSpec{3}));
  flags.ranges.push_back("x=1:1:1");
  EXPECT_FALSE(flags.parse());
}

TEST(SplitList, CommasAndRepetition) {
  EXPECT_THAT(split_list({"a, b", "c", ",d,,"}), testing::ElementsAre("a", "b", "c", "d"));
  EXPECT_TRUE(split_list({}).empty());
}

}  // namespace
}  // namespace acuate
