#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(UndefinedOutput, IsTold) {
  const Finding finding = only(findings_of(
      "undefined_output", R"(g (float[2] x) => (float[2] y, float[2] z) { [a] y = Neg(x) })",
      "onnxruntime"));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_EQ(finding.target, "");
  EXPECT_THAT(finding.nodes, ElementsAre("z"));
  EXPECT_THAT(finding.evidence, HasSubstr("'z' is produced by nothing"));
}

TEST(UndefinedOutput, IsNotToldOfASoundModel) {
  EXPECT_THAT(findings_of("undefined_output", "g (float[2] x) => (float[2] y) { [n] y = Relu(x) }",
                          "onnxruntime"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
