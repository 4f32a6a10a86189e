#include <gmock/gmock.h>

#include "edit/test_support.h"
#include "shape/infer.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N, 4] x, float[2] d = {1, 2}) => (float[N, 4] y, float[N] z) {
    y = Relu (x)
    z = com.microsoft.Own (x)
  })";

TEST(SetType, OfAnInputReachesTheOutputs) {
  EXPECT_THAT(edited(kModel, "set-type x float16[1, 2, 3]", inferring()),
              testing::AllOf(HasSubstr("float16[1,2,3] x"), HasSubstr("float16[1,2,3] y")));
}

TEST(SetType, OfAnOutputThatNothingIsKnownOf) {
  EXPECT_THAT(edited(kModel, "set-type z int64[7]", inferring()), HasSubstr("int64[7] z"));
  EXPECT_THAT(edited(kModel, "set-type y float32[N, 4]", inferring()), HasSubstr("float[N,4] y"));
}

TEST(SetType, OfAnOutputLeavesTheOthers) {
  constexpr const char* kTwo =
      "agraph (float[N] x) => (float[N] y, float[N] z)"
      " { y = com.microsoft.Own (x)  z = com.microsoft.Own (x) }";
  EXPECT_THAT(edited(kTwo, "set-type y int64[7]\nset-type z int64[8]", inferring()),
              testing::AllOf(HasSubstr("int64[7] y"), HasSubstr("int64[8] z")));
}

TEST(SetType, RefusesWhatIsComputedOtherwise) {
  EXPECT_THAT(refusal(kModel, "set-type y float32[N, 5]", inferring()),
              HasSubstr("found float32[N, 5] for 'y', but '@y' computes float32[N, 4]"));
  EXPECT_THAT(refusal(kModel, "set-type y float16[N, 4]", inferring()), HasSubstr("computes"));
  EXPECT_THAT(refusal(kModel, "set-type d float32[3]"),
              HasSubstr("whose default value is float32[2]"));
  EXPECT_THAT(refusal("agraph (float[N] x) => (float[N] y) { a = Neg (x)  y = Abs (a) }",
                      "set-type a int64[N]", inferring()),
              HasSubstr("found int64[N] for 'a', but '@a' computes float32[N]"));
  EXPECT_THAT(refusal("agraph (float[1] x) => (float[1] y) <float[1] w = {1}> { y = Add (x, w) }",
                      "set-type w float32[1]"),
              HasSubstr("'w' is a constant"));
}

TEST(SetType, OfABodyAndOfInnerValues) {
  constexpr const char* kBranches = R"(
    agraph (bool c, float[N, 4] x) => (float[N, 4] y) {
      [pick] y = If (c) <
        then_branch = then_graph () => (float[N, 4] p) { a = Neg (x)  p = Abs (a) },
        else_branch = else_graph () => (float[N, 4] q) { q = Exp (x) }>
    })";
  EXPECT_THAT(edited(kBranches,
                     "set-type pick::then_branch::p float32[batch, 4]\n"
                     "set-shape pick::else_branch::q ? 4\n"
                     "set-type pick::then_branch::a float32[rows, 4]",
                     inferring()),
              testing::AllOf(HasSubstr("float[batch,4] p"), HasSubstr("float[?,4] q"),
                             HasSubstr("float[rows,4] a"), HasSubstr("float[N,4] y")));
  EXPECT_THAT(refusal(kBranches, "set-type pick::then_branch::p float32[N, 5]", inferring()),
              HasSubstr("but 'pick::then_branch::@p' computes float32[N, 4]"));
}

// What was declared before is no evidence, and what is read follows.
TEST(SetType, OfAnInnerValueWithoutARule) {
  EXPECT_THAT(edited("agraph (float[N] x) => (float[N] y) <float[3] a>"
                     " { a = com.microsoft.Own (x)  y = Abs (a) }",
                     "set-type a float32[7]", inferring()),
              testing::AllOf(HasSubstr("float[7] a"), HasSubstr("float[7] y")));
}

}  // namespace
}  // namespace acuate
