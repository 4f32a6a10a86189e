#include <gmock/gmock.h>

#include "edit/test_support.h"
#include "shape/infer.h"

namespace acuate {
namespace {
using testing::HasSubstr;

// x → a → b → y; u → z; both heads read a weight of their own.
constexpr const char* kModel = R"(
  agraph (float[N] x, float[N] u, bool c) => (float[N] y, float[N] z) <float[1] w = {2}, float[1] v = {3}> {
    a = Mul (x, w)
    b = Mul (a, v)
    h = If (c) <then_branch = t () => (float[N] p) { p = Neg (b) },
                else_branch = e () => (float[N] q) { q = Abs (b) }>
    y = Relu (h)
    z = Relu (u)
  })";

TEST(CutAt, TheValueTakesThePlaceOfWhatFollowsFromIt) {
  Journal journal;
  EXPECT_EQ(edited(kModel, "cut-at a", inferring(), &journal), normalised(R"(
  agraph (float[N] x, float[N] u) => (float[N] a, float[N] z) <float[1] w = {2}> {
    a = Mul (x, w)
    z = Relu (u)
  })"));
  EXPECT_EQ(journal.at(0).notes.at(0), "removed 3 nodes; outputs: 'y'; inputs: c");
}

TEST(CutAt, SeveralOneBehindTheOther) {
  EXPECT_THAT(edited(kModel, "cut-at b a\nremove-output z", inferring()),
              HasSubstr("=> (float[N] b, float[N] a)"));
}

TEST(CutAt, ExistingOutputsStayWhereTheyAre) {
  EXPECT_THAT(edited(kModel, "cut-at z", inferring()), HasSubstr("=> (float[N] y, float[N] z)"));
}

TEST(CutAt, NeedsValuesOfTheMainGraph) {
  EXPECT_THAT(refusal(kModel, "cut-at x", inferring()), HasSubstr("not computed by a node"));
  EXPECT_THAT(refusal(kModel, "cut-at @h::then_branch::p", inferring()),
              HasSubstr("not computed by a node of the main graph"));
  EXPECT_THAT(refusal(kModel, "cut-at a a", inferring()), HasSubstr("found 'a' twice"));
  EXPECT_THAT(refusal(kModel, "cut-at a"), HasSubstr("cannot be inferred"));
}

}  // namespace
}  // namespace acuate
