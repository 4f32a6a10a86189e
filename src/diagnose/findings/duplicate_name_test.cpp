#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(DuplicateName, IsTold) {
  const Finding finding = only(findings_of(
      "duplicate_name", R"(g (float[2] x) => (float[2] y) { [a] y = Neg(x) [b] y = Abs(x) })",
      "onnxruntime"));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_EQ(finding.target, "");
  EXPECT_THAT(finding.nodes, ElementsAre("y"));
  EXPECT_THAT(finding.evidence, HasSubstr("'y' is defined a second time"));
}

TEST(DuplicateName, IsNotToldOfASoundModel) {
  EXPECT_THAT(findings_of("duplicate_name", "g (float[2] x) => (float[2] y) { [n] y = Relu(x) }",
                          "onnxruntime"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
