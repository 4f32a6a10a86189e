#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(UndefinedInput, IsTold) {
  const Finding finding = only(
      findings_of("undefined_input", R"(g (float[2] x) => (float[2] y) { [a] y = Add(x, lost) })",
                  "onnxruntime"));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_EQ(finding.target, "");
  EXPECT_THAT(finding.nodes, ElementsAre("a"));
  EXPECT_THAT(finding.evidence, HasSubstr("lost"));
}

TEST(UndefinedInput, IsNotToldOfASoundModel) {
  EXPECT_THAT(findings_of("undefined_input", "g (float[2] x) => (float[2] y) { [n] y = Relu(x) }",
                          "onnxruntime"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
