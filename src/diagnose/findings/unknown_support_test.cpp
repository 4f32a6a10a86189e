#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(UnknownSupport, IsAWarningForOperatorsOutsideTheTable) {
  const Finding finding =
      only(findings_of("unknown_support", "g (float[2,2] x) => (float y) { [det] y = Det(x) }"));
  EXPECT_EQ(finding.severity, Severity::Warning);
  EXPECT_THAT(finding.nodes, ElementsAre("det"));
  EXPECT_THAT(finding.cause, HasSubstr("Det"));
}

TEST(UnknownSupport, LeavesOperatorsOfTheTable) {
  EXPECT_THAT(findings_of("unknown_support", "g (float[2] x) => (float[2] y) { y = Relu(x) }"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
