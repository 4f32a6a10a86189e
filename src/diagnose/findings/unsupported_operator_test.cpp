#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(UnsupportedOperator, OneFindingForEachModuleAndSentence) {
  const auto findings = findings_of("unsupported_operator", R"(g (float[2] x) => (float[2] y) {
    ["/head/Round"] a = Round(x)
    ["/head/Sin"] c = Sin(a)
    ["/head/Round_1"] b = Round(c)
    ["/head/Sin_1"] d = Sin(b)
    ["/tail/Round"] y = Round(d)
  })");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].module, "head");
  EXPECT_THAT(findings[0].nodes, ElementsAre("/head/Round", "/head/Round_1"));
  EXPECT_THAT(findings[0].cause, HasSubstr("does not take Round"));
  EXPECT_EQ(findings[1].module, "tail");
}

TEST(UnsupportedOperator, LeavesSupportedOnes) {
  EXPECT_THAT(findings_of("unsupported_operator", "g (float[2] x) => (float[2] y) { y = Relu(x) }"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
