#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N, 4] x) => (float[N, 4] z) <float lo = {0.0}, float[N, 4] a, float[N, 4] b> {
    [first] a = Relu (x)
    [clip] b = Clip (a, lo)
    [last] z = Neg (b)
  })";

TEST(BypassNode, ReadersGetTheInputAndItsConstantsGo) {
  EXPECT_EQ(edited(kModel, "bypass-node clip"), normalised(R"(
  agraph (float[N, 4] x) => (float[N, 4] z) <float[N, 4] a> {
    [first] a = Relu (x)
    [last] z = Neg (a)
  })"));
}

TEST(BypassNode, OutputsKeepTheirNames) {
  EXPECT_THAT(edited(kModel, "bypass-node last"),
              testing::AllOf(HasSubstr("z = Clip"), HasSubstr("[clip]")));
}

TEST(BypassNode, BodiesReadThroughIt) {
  const char* nested = R"(
  agraph (float[N] x, bool c) => (float[N] y) <float[N] h> {
    h = Dropout (x)
    y = If (c) <then_branch = t () => (float[N] a) { a = Neg (h) },
                else_branch = e () => (float[N] b) { b = Identity (x) }>
  })";
  EXPECT_THAT(edited(nested, "bypass-node @h"),
              testing::AllOf(HasSubstr("a = Neg (x)"), testing::Not(HasSubstr("Dropout"))));
}

TEST(BypassNode, TypesMustAgree) {
  const char* cast = R"(
  agraph (float[2, 3] x) => (float[3, 2] z) <float[3, 2] t, float[2, 3] a> {
    a = Abs (x)
    t = Transpose (a)
    z = Neg (t)
  })";
  EXPECT_EQ(
      refusal(cast, "bypass-node @t"),
      "line 1, column 13: bypass-node: it makes float32[3, 2] of float32[2, 3]; expected the same "
      "type on both sides");
}

TEST(BypassNode, UnknownTypesAreSaid) {
  Journal journal;
  edited("agraph (float[N] x) => (float[N] z) { a = Abs (x)  b = Foo (a)  z = Neg (b) }",
         "bypass-node @b", {}, &journal);
  EXPECT_EQ(journal.at(0).notes.at(0), "its types are not known and were not compared");
}

TEST(BypassNode, NeedsOneInputAndOneOutput) {
  EXPECT_THAT(
      refusal("agraph (float[N] x, float[N] y) => (float[N] z) { s = Add (x, y)  z = Neg (s) }",
              "bypass-node @s"),
      HasSubstr("it reads both 'x' and 'y'"));
  EXPECT_THAT(refusal("agraph (float[N] x) => (float[N] z) { z = Neg (x) }", "bypass-node @z"),
              HasSubstr("would be an input or weight at the same time"));
  EXPECT_THAT(
      refusal("agraph (float[N] x) => (float[N] y, float[N] z) { y = Neg (x)  z = Neg (y) }",
              "bypass-node @z"),
      HasSubstr("would be an output twice"));
  EXPECT_THAT(
      refusal("agraph (float[N] x) => (float[N] z) { z = Neg (x)  u = Abs (x) }", "bypass-node @u"),
      HasSubstr("none of its outputs is used"));
}

}  // namespace
}  // namespace acuate
