#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel =
    "g (float[2] x) => (float[2] y) <float[2] w = {1.0, 2.0}> { y = Add(x, w) }";

TEST(SetIrVersion, IsDeclared) {
  EXPECT_THAT(edited(kModel, "set-ir-version 10"), HasSubstr("ir_version: 10"));
  EXPECT_EQ(edited(kModel, "set-ir-version 8"), normalised(kModel));
}

TEST(SetIrVersion, RefusesWhatTheModelCannotBe) {
  EXPECT_THAT(refusal(kModel, "set-ir-version 3"),
              HasSubstr("every constant is an input, and 'w' is none; expected 4 or newer"));
  EXPECT_THAT(refusal(kModel, "set-ir-version old"), HasSubstr("expected a number from 1"));
}

}  // namespace
}  // namespace acuate
