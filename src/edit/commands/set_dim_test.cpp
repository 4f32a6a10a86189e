#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[batch, 3] x, float[batch, k] s) => (float[batch, 7] y) { y = MatMul (x, s) })";

TEST(SetDim, SetsTheNameEverywhere) {
  EXPECT_EQ(edited(kModel, "set-dim batch 4"), normalised(R"(
    agraph (float[4, 3] x, float[4, k] s) => (float[4, ?] y) { y = MatMul (x, s) })"));
}

TEST(SetDim, RenamesADimension) {
  EXPECT_EQ(edited(kModel, "set-dim batch N"), normalised(R"(
    agraph (float[N, 3] x, float[N, k] s) => (float[N, ?] y) { y = MatMul (x, s) })"));
}

TEST(SetDim, ReachesBodies) {
  EXPECT_EQ(edited(R"(agraph (float[N] x, bool c) => (float[N] y) {
      y = If (c) <then_branch = t () => (float[N] a) { a = Neg (x) },
                  else_branch = e () => (float[N] b) { b = Abs (x) }> })",
                   "set-dim N 2"),
            normalised(R"(agraph (float[2] x, bool c) => (float[2] y) {
      y = If (c) <then_branch = t () => (float[2] a) { a = Neg (x) },
                  else_branch = e () => (float[2] b) { b = Abs (x) }> })"));
}

TEST(SetDim, ReachesTheInputsOfBodies) {
  const char* loop = R"(agraph (float[N] x, int64 trips, bool go) => (float[N] y) {
      y = Loop (trips, go, x) <body = b (int64 i, bool c, float[N] carried) => (bool d, float[N] next) {
        d = Identity (c)
        next = Relu (carried)
      }> })";
  EXPECT_THAT(edited(loop, "set-dim N 2"),
              testing::AllOf(HasSubstr("float[2] carried"), HasSubstr("float[2] next"),
                             testing::Not(HasSubstr("[N]"))));
}

TEST(SetDim, UnknownNamesAreRefused) {
  EXPECT_EQ(refusal(kModel, "set-dim bach 4"),
            "line 1, column 9: set-dim: no input has a dimension 'bach'; there are: batch, k");
  EXPECT_THAT(refusal(kModel, "set-dim batch -4"), HasSubstr("found the dimension -4"));
}

}  // namespace
}  // namespace acuate
