#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x, bool c) => (float[N] y) <float[2] w = {1, 2}> {
    h = Add (x, w)
    [choose] y = If (c) <then_branch = t () => (float[N] a) { a = Neg (h) },
                         else_branch = e () => (float[N] b) { b = Abs (x) }>
  })";

TEST(AddInput, ANewOne) {
  EXPECT_THAT(edited(kModel, "add-input mask float16[N, 1]"),
              HasSubstr("(float[N] x, bool c, float16[N,1] mask)"));
  EXPECT_THAT(edited(kModel, "add-input list sequence(int64[])"), HasSubstr("seq(int64) list"));
}

TEST(AddInput, WhatNothingDefinesIsFed) {
  EXPECT_EQ(edited("agraph (float[N] x) => (float[N] y) { y = Add (x, gone) }",
                   "add-input gone float32[N]"),
            normalised("agraph (float[N] x, float[N] gone) => (float[] y) { y = Add (x, gone) }"));
}

TEST(AddInput, AConstantBecomesItsDefault) {
  EXPECT_THAT(edited(kModel, "add-input w"), HasSubstr("float[2] w)"));
}

TEST(AddInput, LoopBodiesFitTheirNodeInTheEnd) {
  const char* loop = R"(
  agraph (int64 n, bool go, float[2] x) => (float[2] y) {
    [loop] y = Loop (n, go, x) <body = b (int64 i, bool g, float[2] s) => (bool k, float[2] t) {
      k = Identity (g)
      t = Neg (s)
    }>
  })";
  EXPECT_THAT(refusal(loop, "add-input loop::body::u float32[2]"),
              HasSubstr("body of 'loop' has 4 inputs and 2 outputs; the node asks for 3 and 2"));
  EXPECT_THAT(
      edited(loop,
             "add-input loop::body::u float32[2]\nadd-node Abs loop::body::u -> loop::body::v\n"
             "add-output loop::body::v\nset-input loop 3 x\nset-output loop 1 last\n"),
      testing::AllOf(HasSubstr("y, last = Loop"), HasSubstr("(n, go, x, x)"),
                     HasSubstr("float[] u)")));
}

TEST(AddInput, RefusesWhatCannotBeFed) {
  EXPECT_THAT(refusal(kModel, "add-input x float32[1]"), HasSubstr("'x' is an input already"));
  EXPECT_THAT(refusal(kModel, "add-input h float32[1]"), HasSubstr("computed by '@h'"));
  EXPECT_THAT(refusal(kModel, "add-input q"), HasSubstr("found no type for 'q'"));
  EXPECT_THAT(refusal(kModel, "add-input q flaot[1]"), HasSubstr("there is no element type"));
  EXPECT_THAT(refusal(kModel, "add-input choose::then_branch::q float32[1]"),
              HasSubstr("the branches of an If have no inputs"));
  EXPECT_THAT(refusal(kModel, "add-input a float32[1]"), HasSubstr("choose::then_branch::a"));
}

}  // namespace
}  // namespace acuate
