#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kNet = "g (float[2] x) => (float[2] y) { [r] y = Relu(x) }";  // opset 17

std::string table(const std::string& opset) {
  return "id: old_npu\nsources: {manual: the manual}\noperators:\n  Relu: {source: manual, "
         "opset: " +
         opset + "}\n";
}

TEST(UnsupportedOpset, TellsWhatIsTakenAndWhatTheModelHas) {
  const Finding late = only(findings_by_table("unsupported_opset", kNet, table("{max: 13}")));
  EXPECT_THAT(late.cause, HasSubstr("Relu of opset 13 or earlier"));
  EXPECT_THAT(late.evidence, HasSubstr("the model has opset 17"));
  EXPECT_THAT(only(findings_by_table("unsupported_opset", kNet, table("{min: 18}"))).cause,
              HasSubstr("18 or later"));
  EXPECT_THAT(only(findings_by_table("unsupported_opset", kNet, table("{min: 7, max: 16}"))).cause,
              HasSubstr("7 to 16"));
}

TEST(UnsupportedOpset, LeavesWhatIsWithin) {
  EXPECT_THAT(findings_by_table("unsupported_opset", kNet, table("{min: 17, max: 17}")), IsEmpty());
}

}  // namespace
}  // namespace acuate
