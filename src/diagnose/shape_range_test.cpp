#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "diagnose/fix.h"
#include "diagnose/test_support.h"
#include "onnx_io/text_form.h"

namespace acuate {
namespace {
using testing::HasSubstr;

FixOptions ranges(const std::vector<std::string>& texts) {
  FixOptions options;
  for (const std::string& text : texts) {
    auto range = parse_shape_range_option(text);
    EXPECT_TRUE(range) << range.error().message;
    options.ranges.insert(*range);
  }
  return options;
}

// Two inputs of one batch; the halves of `h` need an even number.
constexpr const char* kNet = R"(<ir_version: 8, opset_import: ["" : 17]>
  n (float[batch,3,h,w] x, float[batch,4] m) => (float[batch,2,k] y) <int64[3] s = {0, 2, -1}> {
    ["halves"] y = Reshape(x, s) z = Relu(m) })";

std::unique_ptr<Model> net() {
  auto model = parse_text_model(kNet);
  EXPECT_TRUE(model) << model.error().message;
  return std::move(*model);
}

TEST(ShapeRange, IsParsed) {
  const auto range = parse_shape_range_option("a=b=1x3x?:1x3x?:4x3x?");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, "a=b");
  EXPECT_EQ(range->second.max, (ShapeSpec{4, 3, std::nullopt}));
}

TEST(ShapeRange, WhatIsNoRangeIsRefused) {
  for (const auto& [text, message] :
       {std::pair("x=1:2", "expected INPUT=MIN:OPT:MAX"), std::pair("1:2:3", "MIN:OPT:MAX"),
        std::pair("x=1:1x2:2", "found 1, 2 and 1 dimensions"),
        std::pair("x=4:2:8", "found 4:2:8; expected them not to fall"),
        std::pair("x=1:?:8", "? in one of the three"), std::pair("x=0:1:2", "positive number")}) {
    const auto range = parse_shape_range_option(text);
    ASSERT_FALSE(range) << text;
    EXPECT_THAT(range.error().message, HasSubstr(message));
  }
}

TEST(ShapeRange, HoldsForNamesThatOtherInputsHave) {
  const auto found = check_ranges(*net(), ranges({"x=1x3x32x32:2x3x64x64:4x3x128x128"}));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at("m").min, (Shape{1, 4}));
  EXPECT_EQ(found->at("m").opt, (Shape{2, 4}));
  EXPECT_EQ(found->at("m").max, (Shape{4, 4}));
  // The model itself stays dynamic.
  const auto fixed = fix(*net(), ranges({"x=1x3x32x32:2x3x64x64:4x3x128x128"}));
  ASSERT_TRUE(fixed);
  EXPECT_TRUE(fixed->edits.empty());
}

TEST(ShapeRange, ContradictionsNameSizeAndNode) {
  const auto error = [](const FixOptions& options) {
    const auto found = fix(*net(), options);
    return found ? std::string() : found.error().message;
  };
  EXPECT_THAT(error(ranges({"x=1x3x2x2:1x3x2x2:1x3x5x5"})),
              testing::AllOf(HasSubstr("at the largest sizes of --shape-range, x=1x3x5x5"),
                             HasSubstr("halves")));
  EXPECT_THAT(error(ranges({"x=1x4x2x2:1x4x2x2:1x4x2x2"})), HasSubstr("the model fixes it to 3"));
  EXPECT_THAT(error(ranges({"q=1:2:3"})), HasSubstr("no input 'q'"));
  EXPECT_THAT(error(ranges({"x=1x3x2x2:1x3x2x2:2x3x2x2", "m=1x4:1x4:1x4"})),
              HasSubstr("one name is one number"));
  FixOptions both = ranges({"m=1x4:1x4:2x4"});
  both.shapes["m"] = {1, 4};
  EXPECT_THAT(error(both), HasSubstr("a shape and a range"));
}

}  // namespace
}  // namespace acuate
