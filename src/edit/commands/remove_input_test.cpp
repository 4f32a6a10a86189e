#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel =
    "agraph (float[N] x, float[N] u, float[2] d = {1, 2}) => (float[N] y) { y = Add (x, d) }";

TEST(RemoveInput, WhatNothingReadsGoes) {
  EXPECT_THAT(edited(kModel, "remove-input u"), testing::Not(HasSubstr("u")));
}

TEST(RemoveInput, OneWithADefaultBecomesAConstant) {
  EXPECT_THAT(edited(kModel, "remove-input d"), HasSubstr("float[2] d"));
  const auto model = text_model(kModel);
  const auto result = apply_script(*model, "remove-input d", {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ((*result)->graph().inputs().size(), 2U);
  EXPECT_TRUE((*result)->graph().find("d")->is_constant());
}

TEST(RemoveInput, FreezesAnInputTogetherWithAddInitializer) {
  const auto model =
      text_model("agraph (float[2] x, float[2] s) => (float[2] y) { y = Mul (x, s) }");
  const auto result = apply_script(*model, "add-initializer s float32:[2, 3]\nremove-input s", {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ((*result)->graph().inputs().size(), 1U);
  EXPECT_TRUE((*result)->graph().find("s")->is_constant());
}

TEST(RemoveInput, WhatIsReadStays) {
  EXPECT_THAT(refusal(kModel, "remove-input x"), HasSubstr("'x' is read by '@y'"));
  EXPECT_THAT(refusal(kModel, "remove-input y"), HasSubstr("there is no input 'y'; there are: x"));
}

}  // namespace
}  // namespace acuate
