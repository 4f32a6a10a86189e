#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kGraph = R"(g (float[n, 8] x) => (float[n, 8] y) {
  ["/a/Relu"] p = Relu(x)
  ["/b/c/Neg"] q = Neg(p)
  ["/b/d/Abs"] y = Abs(q)
})";

TEST(DynamicShape, OneFindingForEachPartWithTheWayThere) {
  const auto findings = findings_of("dynamic_shape", kGraph);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].module, "a");
  EXPECT_EQ(findings[1].module, "b");
  EXPECT_THAT(findings[1].nodes, ElementsAre("/b/c/Neg", "/b/d/Abs"));
  EXPECT_THAT(findings[1].evidence,
              HasSubstr("from input 'x', axis 0 → Relu '/a/Relu' → Neg '/b/c/Neg'"));
  EXPECT_THAT(findings[1].fix, ElementsAre("set-shape x D0 8"));
  EXPECT_TRUE(findings[1].worth.empty());
}

TEST(DynamicShape, ToldWithWhatTheShapesBring) {
  const auto findings = findings_of("dynamic_shape", kGraph, "vsi_npu", with_shape("x=4x8"));
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_THAT(findings[1].evidence, HasSubstr("none stays dynamic"));
  EXPECT_THAT(findings[1].fix, ElementsAre("set-shape x 4 8"));
  EXPECT_DOUBLE_EQ(findings[1].worth.coverage.value_or(0), 2.0 / 3);
}

TEST(DynamicShape, SaysWhatStaysAndWhy) {
  const Finding finding = only(findings_of("dynamic_shape", R"(g (float[n] x) => (float[1, m] z) {
    [act] p = Relu(x)
    [find] i = NonZero(p)
    [cast] z = Cast <to = 1> (i)
  })",
                                           "vsi_npu", with_shape("x=5")));
  EXPECT_THAT(finding.nodes, ElementsAre("act", "find", "cast"));
  EXPECT_THAT(finding.evidence,
              HasSubstr("2 of them stay dynamic, because the result of NonZero 'find'"));
}

TEST(DynamicShape, FollowsShapesThatAreComputed) {
  const Finding finding =
      only(findings_of("dynamic_shape", R"(g (float[n] x, float[8] w) => (float[a, b] y)
      <int64[1] two = {2}> {
    [size] s = Shape(x)
    [list] t = Concat <axis = 0> (s, two)
    [grid] y = Reshape(w, t)
  })"));
  EXPECT_THAT(finding.nodes, ElementsAre("size", "grid"));
  EXPECT_THAT(finding.fix, ElementsAre("set-shape x D0"));
}

TEST(DynamicShape, LeavesStaticModelsAndTargetsThatTakeDynamicOnes) {
  EXPECT_THAT(findings_of("dynamic_shape", "g (float[2] x) => (float[2] y) { y = Relu(x) }"),
              IsEmpty());
  EXPECT_THAT(findings_of("dynamic_shape", kGraph, "onnxruntime"), IsEmpty());
}

}  // namespace
}  // namespace acuate
