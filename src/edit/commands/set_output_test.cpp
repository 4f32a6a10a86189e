#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x) => (float[N] y) {
    [drop] d = Dropout (x)
    y = Neg (d)
  })";

TEST(SetOutput, AFurtherOne) {
  EXPECT_THAT(edited(kModel, "set-output drop 1 mask"), HasSubstr("d, mask = Dropout"));
}

TEST(SetOutput, AnotherNameOrNone) {
  const std::string two = "set-output drop 1 mask\n";
  EXPECT_THAT(edited(kModel, two + "set-output drop 1 seen"), HasSubstr("d, seen = Dropout"));
  EXPECT_THAT(edited(kModel, two + R"(set-output drop 1 "")"), testing::Not(HasSubstr("mask")));
}

TEST(SetOutput, DefinesWhatNothingDefines) {
  EXPECT_EQ(edited("agraph (float[N] x) => (bool[N] y) { y = Not (m)  d = Dropout (x) }",
                   "set-output @d 1 m"),
            normalised("agraph (float[N] x) => (bool[N] y) { d, m = Dropout (x)  y = Not (m) }"));
}

TEST(SetOutput, RefusesWhatIsInUseOrNotAllowed) {
  EXPECT_THAT(refusal(kModel, "set-output drop 0 e"), HasSubstr("is 'd', which is in use"));
  EXPECT_THAT(refusal(kModel, "set-output drop 1 x"), HasSubstr("which the value 'x' has"));
  EXPECT_THAT(refusal(kModel, "set-output @y 1 z"), HasSubstr("would be refused"));
  EXPECT_THAT(refusal(kModel, "set-output @y -1 z"), HasSubstr("expected the number of an output"));
}

}  // namespace
}  // namespace acuate
