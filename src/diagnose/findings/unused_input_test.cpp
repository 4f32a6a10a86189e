#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(UnusedInput, IsMentioned) {
  const Finding finding = only(
      findings_of("unused_input", "g (float[2] x, int64[1] rate) => (float[2] y) { y = Relu(x) }",
                  "onnxruntime"));
  EXPECT_EQ(finding.severity, Severity::Info);
  EXPECT_THAT(finding.nodes, ElementsAre("rate"));
  EXPECT_THAT(finding.evidence, HasSubstr("int64[1]"));
}

// Read in a body, or passed on as an output, is used.
TEST(UnusedInput, IsNotOneThatABodyReads) {
  EXPECT_THAT(findings_of("unused_input", R"(g (bool[1] c, float[2] x) => (float[2] y) {
    y = If (c) <then_branch = a () => (float[2] p) { p = Neg(x) },
                else_branch = b () => (float[2] q) { q = Abs(x) }>
  })",
                          "onnxruntime"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
