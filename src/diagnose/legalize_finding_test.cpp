// What legalizers offer as the fix of a finding.
#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kTable = R"(id: mine
name: Mine
sources:
  manual: the manual
operators:
  Relu: {source: manual}
  HardSigmoid: {source: manual}
  Mul: {source: manual}
  Slice: {source: manual}
  Concat: {source: manual}
)";

TEST(LegalizeFinding, OffersWhatTheTargetTakes) {
  const Finding finding =
      only(findings_by_table("unknown_support",
                             "g (float[4] x) => (float[4] y) { [a] h = HardSwish(x) [b] r = "
                             "Relu(h) [c] y = HardSwish(r) }",
                             kTable));
  EXPECT_THAT(finding.nodes, ElementsAre("a", "c"));
  EXPECT_THAT(finding.fix, ElementsAre("apply legalize-hard-swish a c"));
  EXPECT_DOUBLE_EQ(finding.worth.coverage.value_or(0), 2.0 / 3);
}

TEST(LegalizeFinding, TellsWhatItLeaves) {
  const Finding finding =
      only(findings_by_table("unknown_support",
                             R"(g (float[1, 2] x) => (float[1, 4] y, float[1, 42] z)
         <int64[4] p = {0, 1, 0, 1}, int64[4] q = {0, 20, 0, 20}>
         { [a] y = Pad<mode = "edge">(x, p)  [b] z = Pad<mode = "edge">(x, q) })",
                             kTable));
  EXPECT_THAT(finding.nodes, ElementsAre("a", "b"));
  EXPECT_THAT(finding.fix, ElementsAre("apply legalize-pad a"));
  EXPECT_THAT(finding.evidence, HasSubstr("the fix replaces 1 of 2 nodes"));
  EXPECT_DOUBLE_EQ(finding.worth.coverage.value_or(0), 0.5);
}

TEST(LegalizeFinding, NothingWhereTheTargetLacksWhatWouldComeOut) {
  const Finding finding = only(findings_by_table(
      "unknown_support", "g (float[4] x) => (float[4] y) { [a] y = Softplus(x) }", kTable));
  EXPECT_THAT(finding.fix, IsEmpty());
  EXPECT_DOUBLE_EQ(finding.worth.coverage.value_or(0), 1);
}

// A legalizer that needs the sizes gets them first.
TEST(LegalizeFinding, ShapesStandBeforeWhatNeedsThem) {
  const char* graph =
      R"(g (float[1, n, 2] x) => (float[1, m, 4] y) <int64[6] p = {0, 1, 1, 0, 1, 1}>
         { [a] y = Pad<mode = "edge">(x, p) })";
  EXPECT_THAT(only(findings_by_table("unknown_support", graph, kTable)).fix, IsEmpty());
  EXPECT_THAT(only(findings_by_table("unknown_support", graph, kTable, with_shape("x=1x2x2"))).fix,
              ElementsAre("set-shape x 1 2 2", "apply legalize-pad a"));
}

// Two modules of one convolution: what was folded into it came of another.
TEST(LegalizeFinding, TellsAllModulesOfWhatWasMerged) {
  const Finding finding = only(findings_by_table("unknown_support",
                                                 R"(g (float[1, 1, 4, 4] x) => (float[1, 1, 4, 4] y)
         <float[1, 1, 1, 1] w = {2.0}, float[1, 1, 1, 1] s = {3.0}>
         { ["/stem/conv/Conv"] h = Conv(x, w)  ["/stem/scale/Mul"] y = Mul(h, s) })",
                                                 kTable));
  EXPECT_EQ(finding.module, "stem.conv");
  EXPECT_THAT(finding.modules, ElementsAre("stem.conv", "stem.scale"));
  EXPECT_THAT(finding.nodes, ElementsAre("/stem/conv/Conv", "/stem/scale/Mul"));
}

// Simplification makes a Gemm of them, which this target lacks.
TEST(LegalizeFinding, WhatTheTargetTakesUnmergedIsNoTrouble) {
  const char* graph =
      R"(g (float[2, 3] x) => (float[2, 1] y) <float[3, 1] w = {1.0, 2.0, 3.0}, float[1] b = {4.0}>
                         { h = MatMul(x, w)  y = Add(h, b) })";
  std::string table = kTable;
  EXPECT_EQ(findings_by_table("unknown_support", graph, table).size(), 1U);
  table += "  MatMul: {source: manual}\n  Add: {source: manual}\n";
  EXPECT_THAT(findings_by_table("unknown_support", graph, table), IsEmpty());
}

}  // namespace
}  // namespace acuate
