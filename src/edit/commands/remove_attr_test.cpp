#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N, 4] x) => (float[N, 4] y) { y = Softmax <axis: int = 1> (x) })";

TEST(RemoveAttr, TheDefaultHolds) {
  EXPECT_EQ(edited(kModel, "remove-attr @y axis"),
            normalised("agraph (float[N, 4] x) => (float[] y) { y = Softmax (x) }"));
}

TEST(RemoveAttr, RefusesWhatIsNotThereAndBodies) {
  EXPECT_EQ(refusal(kModel, "remove-attr @y axes"),
            "line 1, column 16: remove-attr: '@y' has no attribute 'axes'; it has: axis");
  EXPECT_THAT(refusal(R"(agraph (float[N] x, bool c) => (float[N] y) {
      y = If (c) <then_branch = t () => (float[N] a) { a = Neg (x) },
                  else_branch = e () => (float[N] b) { b = Abs (x) }> })",
                      "remove-attr @y else_branch"),
              HasSubstr("holds a body, without which a If cannot be"));
}

}  // namespace
}  // namespace acuate
