#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(RankTooHigh, NamesTheTensor) {
  const Finding finding = only(
      findings_of("rank_too_high",
                  "g (float[1,1,2,1,2,1,2] x) => (float[1,1,2,1,2,1,2] y) { [deep] y = Relu(x) }"));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_THAT(finding.nodes, ElementsAre("deep"));
  EXPECT_THAT(finding.cause, HasSubstr("at most 6 dimensions"));
  EXPECT_THAT(finding.evidence, HasSubstr("'x'"));
}

TEST(RankTooHigh, LeavesWhatFits) {
  EXPECT_THAT(findings_of("rank_too_high",
                          "g (float[1,1,2,1,2,1] x) => (float[1,1,2,1,2,1] y) { y = Relu(x) }"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
