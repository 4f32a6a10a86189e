#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x) => (float[N] y, float[N] z) { y = Relu (x)  z = Neg (y) })";

TEST(RemoveOutput, KeepsTheNodes) {
  EXPECT_EQ(edited(kModel, "remove-output y"),
            normalised("agraph (float[N] x) => (float[N] z) { y = Relu (x)  z = Neg (y) }"));
}

TEST(RemoveOutput, TheLastOneStays) {
  EXPECT_THAT(refusal(kModel, "remove-output y\nremove-output z"),
              HasSubstr("line 2, column 15: remove-output: 'z' is the only output"));
  EXPECT_THAT(refusal(kModel, "remove-output x"),
              HasSubstr("there is no output 'x'; there are: y, z"));
}

}  // namespace
}  // namespace acuate
