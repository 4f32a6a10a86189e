#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x) => (float[N] y, float[N] z, float[N] u)
  <float[1] w = {2.0}, float[1] v = {3.0}> {
    [a] ha = Mul (x, w)
    [b] hb = Add (ha, v)
    [c] y = Relu (hb)
    [d] z = Neg (ha)
    [e] u = Abs (x)
    [f] t = Exp (x)
  })";

TEST(DeleteNode, WithoutChildrenOnlyWhatNobodyUses) {
  EXPECT_EQ(edited(kModel, "delete-node f"), normalised(R"(
  agraph (float[N] x) => (float[N] y, float[N] z, float[N] u)
  <float[1] w = {2.0}, float[1] v = {3.0}> {
    [a] ha = Mul (x, w)
    [b] hb = Add (ha, v)
    [c] y = Relu (hb)
    [d] z = Neg (ha)
    [e] u = Abs (x)
  })"));
  EXPECT_THAT(refusal(kModel, "delete-node b"), HasSubstr("its output 'hb' is read by 'c'"));
  EXPECT_THAT(refusal(kModel, "delete-node c"),
              HasSubstr("its output 'y' is an output of the graph"));
}

TEST(DeleteNode, WithChildrenTakesWhatDependsAndWhatServed) {
  Journal journal;
  EXPECT_EQ(edited(kModel, "delete-node b --with-children", {}, &journal), normalised(R"(
  agraph (float[N] x) => (float[N] z, float[N] u) <float[1] w = {2.0}> {
    [a] ha = Mul (x, w)
    [d] z = Neg (ha)
    [e] u = Abs (x)
    [f] t = Exp (x)
  })"));
  EXPECT_THAT(journal.at(0).notes,
              testing::ElementsAre(
                  "outputs removed: 'y'",
                  "deleted 1 nodes that depended on it and 0 that nothing needs any more"));
  // Backwards, too: `a` served only `b` and `d`.
  EXPECT_EQ(edited(kModel, "delete-node d --with-children\ndelete-node b --with-children"),
            normalised(R"(
  agraph (float[N] x) => (float[N] u) {
    [e] u = Abs (x)
    [f] t = Exp (x)
  })"));
}

TEST(DeleteNode, TheModelKeepsAnOutput) {
  EXPECT_THAT(refusal(kModel, "delete-node a --with-children\ndelete-node e --with-children"),
              HasSubstr("line 2, column 13: delete-node: all outputs of the model would go ('u')"));
  EXPECT_THAT(refusal(kModel, "delete-node a --all"), HasSubstr("found '--all'"));
}

constexpr const char* kNested = R"(
  agraph (float[N] x, bool c) => (float[N] y, float[N] z) {
    h = Relu (x)
    y = If (c) <then_branch = t () => (float[N] a) { i = Neg (h)  a = Exp (i) },
                else_branch = e () => (float[N] b) { b = Identity (x) }>
    z = Abs (x)
  })";

TEST(DeleteNode, BodiesDependOnWhatTheyRead) {
  EXPECT_EQ(edited(kNested, "delete-node @h --with-children"),
            normalised("agraph (float[N] x, bool c) => (float[N] z) { z = Abs (x) }"));
  EXPECT_THAT(refusal(kNested, "delete-node @h"), HasSubstr("is read by '@y::then_branch::@i'"));
  // What only the body read goes with the node that holds it.
  EXPECT_EQ(edited(kNested, "delete-node @y --with-children"),
            normalised("agraph (float[N] x, bool c) => (float[N] z) { z = Abs (x) }"));
}

TEST(DeleteNode, OutputsOfBodiesStay) {
  EXPECT_THAT(refusal(kNested, "delete-node @y::then_branch::@i --with-children"),
              HasSubstr("'a' would be missing in the body of '@y'"));
}

}  // namespace
}  // namespace acuate
