#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(UnknownDomain, IsTold) {
  const Finding finding = only(findings_of(
      "unknown_domain",
      R"(g (float[2] x) => (float[2] y) { [a] p = my.company.Op(x) [b] y = my.company.Op(p) })",
      "onnxruntime"));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_EQ(finding.target, "");
  EXPECT_THAT(finding.nodes, ElementsAre("a", "b"));
  EXPECT_THAT(finding.evidence, HasSubstr("my.company"));
}

TEST(UnknownDomain, IsNotToldOfASoundModel) {
  EXPECT_THAT(findings_of("unknown_domain", "g (float[2] x) => (float[2] y) { [n] y = Relu(x) }",
                          "onnxruntime"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
