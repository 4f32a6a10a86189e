#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kPool = R"(g (float[1,3,64,64] x) => (float[1,3,?,?] y) {
  [pool] y = MaxPool <kernel_shape = [KERNEL]> (x)
})";

std::string pool(const std::string& kernel) {
  std::string text = kPool;
  return text.replace(text.find("KERNEL"), 6, kernel);
}

constexpr const char* kTable = R"(id: small_npu
sources: {manual: the manual}
operators:
  MaxPool: {source: manual, attributes: {kernel_shape: {min: 1, max: 15}}}
  Conv: {source: manual, attributes: {kernel_shape: {max: 3}}}
)";

TEST(UnsupportedAttribute, TellsTheLimitAndWhatIsThere) {
  const Finding finding = only(findings_by_table("unsupported_attribute", pool("3, 17"), kTable));
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_THAT(finding.nodes, ElementsAre("pool"));
  EXPECT_THAT(finding.cause, HasSubstr("only with kernel_shape from 1 to 15"));
  EXPECT_THAT(finding.evidence, HasSubstr("kernel_shape is [3, 17]; the manual"));
}

// A convolution need not state its kernel: its weights do.
TEST(UnsupportedAttribute, KnowsTheKernelOfWeights) {
  const std::string conv =
      "g (float[1,1,9,9] x) => (float[1,1,?,?] y) <float[1,1,5,5] w = {0,0,0,0,0,0,0,0,0,0,0,0,0,"
      "0,0,0,0,0,0,0,0,0,0,0,0}> { [c] y = Conv(x, w) }";
  EXPECT_THAT(only(findings_by_table("unsupported_attribute", conv, kTable)).evidence,
              HasSubstr("kernel_shape is [5, 5]"));
}

TEST(UnsupportedAttribute, LeavesWhatIsWithin) {
  EXPECT_THAT(findings_by_table("unsupported_attribute", pool("15, 1"), kTable), IsEmpty());
  EXPECT_THAT(findings_by_table("unsupported_operator", pool("3, 17"), kTable), IsEmpty());
}

}  // namespace
}  // namespace acuate
