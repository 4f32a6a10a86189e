#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kGraph = R"(g (float[N, 3, H, 8] x, float[4] w) => (float[N, 3, H, 8] y) {
  a = Relu(x)
  b = Neg(w)
  [scaled] y = Sigmoid(a)
})";

TEST(DynamicInput, NamesTheDimensionsAndWhatFollows) {
  const Finding finding = only(findings_of("dynamic_input", kGraph));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_THAT(finding.nodes, ElementsAre("x"));
  EXPECT_THAT(finding.evidence, HasSubstr("dimension 0 (N), dimension 2 (H);"));
  EXPECT_THAT(finding.evidence, HasSubstr("2 of 3 nodes"));
  EXPECT_THAT(finding.evidence, HasSubstr("numbers for N and H"));
  EXPECT_THAT(finding.fix, ElementsAre("set-shape x N 3 H 8"));
  EXPECT_TRUE(finding.worth.empty());
}

TEST(DynamicInput, KnowsTheFixAndItsWorth) {
  const Finding finding =
      only(findings_of("dynamic_input", kGraph, "vsi_npu", with_shape("x=1x3x16x8")));
  EXPECT_THAT(finding.fix, ElementsAre("set-shape x 1 3 16 8"));
  EXPECT_THAT(finding.evidence, HasSubstr("as given"));
  ASSERT_TRUE(finding.worth.coverage);
  EXPECT_DOUBLE_EQ(*finding.worth.coverage, 2.0 / 3);
}

TEST(DynamicInput, SeesReadersInBodies) {
  const Finding finding =
      only(findings_of("dynamic_input", R"(g (bool[1] c, float[n, 4] x) => (float[1] y)
      <float[1] k = {1}, int64[1] one = {1}> {
    y = If (c) <then_branch = a () => (float[1] p) { r = ReduceSum <keepdims = 0> (x)
                                                     o = Reshape(r, one) p = Add(o, k) },
                else_branch = b () => (float[1] q) { q = Neg(k) }>
  })"));
  EXPECT_THAT(finding.nodes, ElementsAre("x"));
  EXPECT_THAT(finding.fix, ElementsAre("set-shape x D0 4"));
}

TEST(DynamicInput, LeavesStaticInputsAndTargetsThatTakeDynamicOnes) {
  EXPECT_THAT(findings_of("dynamic_input", "g (float[2] x) => (float[2] y) { y = Relu(x) }"),
              IsEmpty());
  EXPECT_THAT(findings_of("dynamic_input", kGraph, "onnxruntime"), IsEmpty());
}

}  // namespace
}  // namespace acuate
