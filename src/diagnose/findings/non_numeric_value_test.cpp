#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(NonNumericValue, NamesSequencesAndStrings) {
  const Finding sequence = only(findings_of("non_numeric_value", R"(
    g (float[2] x) => (float[4] y) {
      [make] s = SequenceConstruct(x, x)
      [join] y = ConcatFromSequence <axis = 0> (s)
    })"));
  EXPECT_EQ(sequence.severity, Severity::Error);
  EXPECT_THAT(sequence.nodes, ElementsAre("make", "join"));
  EXPECT_THAT(sequence.evidence, HasSubstr("'s' "));
  const Finding strings = only(findings_of(
      "non_numeric_value", "g (string[2] x) => (string[2] y) { [same] y = Identity(x) }"));
  EXPECT_THAT(strings.evidence, HasSubstr("'x' string[2]"));
}

TEST(NonNumericValue, TellsOptionalsOnce) {
  const Finding finding = only(findings_of("non_numeric_value", R"(
    g (optional(float[2]) x) => (float[2] y) { [get] y = OptionalGetElement(x) })"));
  EXPECT_THAT(finding.nodes, ElementsAre("get"));
  EXPECT_THAT(finding.cause, HasSubstr("tensors of numbers only"));
}

TEST(NonNumericValue, LeavesTensors) {
  EXPECT_THAT(findings_of("non_numeric_value",
                          "g (bool[2] a, float[2] x) => (float[2] y) { y = Where(a, x, x) }"),
              IsEmpty());
}

}  // namespace
}  // namespace acuate
