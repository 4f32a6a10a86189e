#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x, bool c) => (float[N] y) <float[1] w = {2.0}, float[N] i> {
    i = Relu (x)
    y = If (c) <then_branch = t () => (float[N] a) { a = Mul (i, w) },
                else_branch = e () => (float[N] b) { b = Identity (x) }>
  })";

TEST(RenameValue, EveryKindEverywhere) {
  EXPECT_EQ(edited(kModel,
                   "rename-value x image\nrename-value y scores\nrename-value w weight\n"
                   "rename-value i inner\nrename-value @scores::then_branch::a product"),
            normalised(R"(
  agraph (float[N] image, bool c) => (float[N] scores) <float[1] weight = {2.0}, float[N] inner> {
    inner = Relu (image)
    scores = If (c) <then_branch = t () => (float[N] product) { product = Mul (inner, weight) },
                     else_branch = e () => (float[N] b) { b = Identity (image) }>
  })"));
}

TEST(RenameValue, TakenNamesAreRefused) {
  EXPECT_THAT(refusal(kModel, "rename-value x w"),
              HasSubstr("column 16: rename-value: found the name 'w'"));
  // It would be hidden in the body that reads it.
  EXPECT_THAT(refusal(kModel, "rename-value i a"),
              HasSubstr("which the value '@y::then_branch::a' has"));
  EXPECT_THAT(refusal(kModel, "rename-value @y::then_branch::a i"),
              HasSubstr("which the value 'i' has"));
  EXPECT_THAT(refusal(kModel, "rename-value x \"\""), HasSubstr("empty name"));
}

}  // namespace
}  // namespace acuate
