#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(UnknownOperator, IsTold) {
  const Finding finding = only(findings_of(
      "unknown_operator", R"(g (float[2] x) => (float[2] y) { [a] y = Rellu(x) })", "onnxruntime"));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_EQ(finding.target, "");
  EXPECT_THAT(finding.nodes, ElementsAre("a"));
  EXPECT_THAT(finding.evidence, HasSubstr("there is no operator Rellu in opset 17"));
}

TEST(UnknownOperator, IsNotToldOfASoundModel) {
  EXPECT_THAT(findings_of("unknown_operator", "g (float[2] x) => (float[2] y) { [n] y = Relu(x) }",
                          "onnxruntime"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
