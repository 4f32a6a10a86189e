#include <gmock/gmock.h>

#include "edit/test_support.h"
#include "shape/infer.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N, 4] x, float[2] d = {1, 2}) => (float[N, 4] y, float[N] z) {
    y = Relu (x)
    z = com.microsoft.Own (x)
  })";

EditContext inferring() {
  EditContext context;
  context.infer = [](Model& model) { infer_shapes(model); };
  return context;
}

TEST(SetType, OfAnInputReachesTheOutputs) {
  EXPECT_THAT(edited(kModel, "set-type x float16[1, 2, 3]", inferring()),
              testing::AllOf(HasSubstr("float16[1,2,3] x"), HasSubstr("float16[1,2,3] y")));
}

TEST(SetType, OfAnOutputThatNothingIsKnownOf) {
  EXPECT_THAT(edited(kModel, "set-type z int64[7]", inferring()), HasSubstr("int64[7] z"));
  EXPECT_THAT(edited(kModel, "set-type y float32[N, 4]", inferring()), HasSubstr("float[N,4] y"));
}

TEST(SetType, OfAnOutputLeavesTheOthers) {
  constexpr const char* kTwo =
      "agraph (float[N] x) => (float[N] y, float[N] z)"
      " { y = com.microsoft.Own (x)  z = com.microsoft.Own (x) }";
  EXPECT_THAT(edited(kTwo, "set-type y int64[7]\nset-type z int64[8]", inferring()),
              testing::AllOf(HasSubstr("int64[7] y"), HasSubstr("int64[8] z")));
}

TEST(SetType, RefusesWhatIsComputedOtherwise) {
  EXPECT_THAT(refusal(kModel, "set-type y float32[N, 5]", inferring()),
              HasSubstr("found float32[N, 5] for the output 'y', but '@y' computes float32[N, 4]"));
  EXPECT_THAT(refusal(kModel, "set-type y float16[N, 4]", inferring()), HasSubstr("computes"));
  EXPECT_THAT(refusal(kModel, "set-type d float32[3]"),
              HasSubstr("whose default value is float32[2]"));
  EXPECT_THAT(refusal("agraph (float[N] x) => (float[N] y) { a = Neg (x)  y = Abs (a) }",
                      "set-type a float32[3]"),
              HasSubstr("neither an input nor an output"));
}

}  // namespace
}  // namespace acuate
