#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x) => (float[N] z) <float[N] y> { y = Relu (x)  z = Neg (y) })";

TEST(AddOutput, AddsAValueWithItsType) {
  EXPECT_THAT(edited(kModel, "add-output y"), HasSubstr("=> (float[N] z, float[N] y)"));
}

TEST(AddOutput, InfersATypeThatIsNotThere) {
  EditContext context;
  context.infer = true;
  const char* untyped = "agraph (float[N] x) => (float[N] z) { y = Relu (x)  z = Neg (y) }";
  EXPECT_THAT(edited(untyped, "add-output y", context), HasSubstr("=> (float[N] z, float[N] y)"));
  EXPECT_THAT(refusal(untyped, "add-output y"), HasSubstr("the type of 'y' cannot be inferred"));
}

TEST(AddOutput, TakesConstantsAndInputs) {
  EXPECT_THAT(edited(kModel, "add-initializer w float32:[1, 2]\nadd-output w\nadd-output x"),
              HasSubstr("float[2] w, float[N] x)"));
}

TEST(AddOutput, RefusesWhatIsNotThere) {
  EXPECT_THAT(refusal(kModel, "add-output z"), HasSubstr("is an output already"));
  EXPECT_THAT(refusal(kModel, "add-output q"), HasSubstr("there is no value 'q'"));
}

}  // namespace
}  // namespace acuate
