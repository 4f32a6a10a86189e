#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(TypeMismatch, IsTold) {
  const Finding finding = only(findings_of(
      "type_mismatch", R"(g (float[2] x, float[3] w) => (float[2] y) { [a] y = Add(x, w) })",
      "onnxruntime"));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_EQ(finding.target, "");
  EXPECT_THAT(finding.nodes, ElementsAre("a"));
  EXPECT_THAT(finding.evidence, HasSubstr("2 and 3 do not broadcast"));
}

TEST(TypeMismatch, IsNotToldOfASoundModel) {
  EXPECT_THAT(findings_of("type_mismatch", "g (float[2] x) => (float[2] y) { [n] y = Relu(x) }",
                          "onnxruntime"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
