#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[2] x, float[2] d = {1, 2}) => (float[2] y) <float[2] w = {3, 4}, float[2] u = {5, 6}> {
    s = Add (x, w)
    y = Add (s, d)
  })";

TEST(RemoveInitializer, WhatNothingReadsGoes) {
  EXPECT_THAT(edited(kModel, "remove-initializer u"), testing::Not(HasSubstr(" u ")));
}

TEST(RemoveInitializer, TheDefaultOfAnInputGoes) {
  EXPECT_THAT(edited(kModel, "remove-initializer d"),
              testing::AllOf(HasSubstr("float[2] d)"), testing::Not(HasSubstr("{1,2}"))));
}

TEST(RemoveInitializer, WhatIsReadStays) {
  EXPECT_THAT(refusal(kModel, "remove-initializer w"), HasSubstr("'w' is read by '@s'"));
  EXPECT_THAT(refusal(kModel, "remove-initializer x"), HasSubstr("'x' is no initializer"));
}

}  // namespace
}  // namespace acuate
