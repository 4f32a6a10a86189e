#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x, float lo, float hi, bool c) => (float[N] y) {
    a = Abs (x)
    [clip] b = Clip (a, lo, hi)
    [choose] z = If (c) <then_branch = t () => (float[N] p) { p = Neg (b) },
                         else_branch = e () => (float[N] q) { q = Abs (x) }>
    [last] y = Relu (z)
  })";

TEST(SetInput, BySlotOrName) {
  EXPECT_THAT(edited(kModel, "set-input clip 0 x"), HasSubstr("b = Clip (x, lo, hi)"));
  EXPECT_THAT(edited(kModel, "set-input clip max lo"), HasSubstr("b = Clip (a, lo, lo)"));
}

TEST(SetInput, OptionalOnesAreLeftOut) {
  EXPECT_THAT(edited(kModel, R"(set-input clip max "")"), HasSubstr("b = Clip (a, lo)"));
  EXPECT_THAT(edited(kModel, R"(set-input clip 1 "")"), HasSubstr(R"(b = Clip (a, "", hi))"));
}

TEST(SetInput, ReadersMoveBehindTheirProducer) {
  const char* text = "agraph (float[N] x) => (float[N] y, float[N] b) { y = Abs (x)  b = Neg (x) }";
  EXPECT_EQ(
      edited(text, "set-input @y 0 b"),
      normalised("agraph (float[N] x) => (float[] y, float[] b) { b = Neg (x)  y = Abs (b) }"));
  EXPECT_THAT(edited(kModel, "set-input choose::else_branch::@q 0 a"), HasSubstr("q = Abs (a)"));
}

TEST(SetInput, RefusesCyclesAndWhatTheSchemaDoesNotAllow) {
  EXPECT_THAT(refusal(kModel, "set-input @a 0 z"), HasSubstr("would form a cycle"));
  EXPECT_THAT(refusal(kModel, "set-input choose::then_branch::@p 0 y"),
              HasSubstr("would form a cycle"));
  EXPECT_THAT(refusal(kModel, "set-input last 0 choose::then_branch::p"),
              HasSubstr("cannot be seen from there"));
  EXPECT_THAT(refusal(kModel, "set-input last 1 x"), HasSubstr("would be refused"));
  EXPECT_THAT(refusal(kModel, R"(set-input last X "")"), HasSubstr("would be refused"));
  EXPECT_THAT(refusal(kModel, "set-input clip maximum x"),
              HasSubstr("Clip has no input 'maximum'; expected a number from 0 or one of: input"));
  EXPECT_THAT(refusal(kModel, "set-input clip 900000000 x"), HasSubstr("'clip' has 3"));
}

}  // namespace
}  // namespace acuate
