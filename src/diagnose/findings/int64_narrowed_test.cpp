#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Int64Narrowed, TellsComputedIntegers) {
  const Finding finding = only(
      findings_of("int64_narrowed",
                  "g (int64[2] x) => (int64[2] y) <int64[2] c = {1, 2}> { [sum] y = Add(x, c) }"));
  EXPECT_EQ(finding.severity, Severity::Warning);
  EXPECT_THAT(finding.nodes, ElementsAre("sum"));
  EXPECT_THAT(finding.evidence, HasSubstr("'x' int64[2]"));
}

TEST(Int64Narrowed, IsNotAboutConstantsAndShapes) {
  EXPECT_THAT(
      findings_of("int64_narrowed",
                  "g (float[2] x) => (float[1, 2] y) <int64[2] s = {1, 2}> { y = Reshape(x, s) }"),
      IsEmpty());
  EXPECT_THAT(
      findings_of("int64_narrowed",
                  "g (float[n, 2] x) => (float[n, 2] y) { s = Shape(x) y = Reshape(x, s) }"),
      IsEmpty());
  EXPECT_THAT(
      findings_of("int64_narrowed", "g (int64[2] x) => (int64[2] y) { y = Abs(x) }", "onnxruntime"),
      IsEmpty());
}

}  // namespace
}  // namespace acuate
