#include <gmock/gmock.h>

#include "edit/test_support.h"
#include "shape/infer.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x) => (float[N] z, float[N] y) {
    y = Relu (x)
    [first] a = Neg (y)
    [second] z = Add (a, y)
  })";

TEST(InsertNode, EveryReaderGetsItsOutput) {
  EditContext context;
  context.infer = true;
  EXPECT_EQ(edited(kModel, "insert-node Abs y -> w", context), normalised(R"(
  agraph (float[N] x) => (float[N] z, float[N] w) {
    y = Relu (x)
    w = Abs (y)
    [first] a = Neg (w)
    [second] z = Add (a, w)
  })"));
}

TEST(InsertNode, OneReaderOnRequest) {
  EXPECT_THAT(edited(kModel, "insert-node Abs y -> w --reader second --name abs"),
              testing::AllOf(HasSubstr("[abs] w = Abs (y)"), HasSubstr("Add (a, w)"),
                             HasSubstr("Neg (y)"), HasSubstr("=> (float[] z, float[] y)")));
}

TEST(InsertNode, OnTheEdgeIntoABody) {
  const char* nested = R"(
  agraph (float[N] x, bool c) => (float[N] y) {
    [choose] y = If (c) <then_branch = t () => (float[N] a) { a = Neg (x) },
                         else_branch = e () => (float[N] b) { b = Identity (x) }>
  })";
  EXPECT_THAT(edited(nested, "insert-node Abs x -> w"), HasSubstr("a = Neg (w)"));
  EXPECT_THAT(edited(nested,
                     "insert-node Abs x -> choose::then_branch::w --reader "
                     "choose::then_branch::@a"),
              testing::AllOf(HasSubstr("w = Abs (x)"), HasSubstr("a = Neg (w)"),
                             HasSubstr("b = Identity (x)")));
}

TEST(InsertNode, NeedsAnEdge) {
  EXPECT_THAT(refusal(kModel, "insert-node Abs y -> w --reader @y"),
              HasSubstr("'@y' does not read 'y'"));
  EXPECT_THAT(refusal("agraph (float[N] x, float[N] u) => (float[N] y) { y = Relu (x) }",
                      "insert-node Abs u -> w"),
              HasSubstr("nothing reads 'u'"));
}

}  // namespace
}  // namespace acuate
