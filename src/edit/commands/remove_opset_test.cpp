#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = "g (float[2] x) => (float[2] y) { y = Neg(x) }";

TEST(RemoveOpset, TakesWhatNothingNeeds) {
  EXPECT_EQ(edited(kModel, "set-opset 1 com.example\nremove-opset com.example"),
            normalised(kModel));
}

TEST(RemoveOpset, RefusesWhatIsNeededOrNotThere) {
  EXPECT_THAT(refusal(kModel, "remove-opset ai.onnx"), HasSubstr("'@y' is a node of that domain"));
  EXPECT_THAT(refusal(kModel, "remove-opset com.example"),
              HasSubstr("does not import 'com.example'; it imports: ai.onnx"));
}

}  // namespace
}  // namespace acuate
