#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(UnsupportedType, NamesTensorAndType) {
  const Finding finding = only(
      findings_of("unsupported_type", "g (double[2] x) => (double[2] y) { [act] y = Relu(x) }"));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_THAT(finding.nodes, ElementsAre("act"));
  EXPECT_THAT(finding.evidence, HasSubstr("'x' float64[2]"));
}

TEST(UnsupportedType, LeavesSupportedOnes) {
  EXPECT_THAT(findings_of("unsupported_type", "g (float[2] x) => (float[2] y) { y = Relu(x) }"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
