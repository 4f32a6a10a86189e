#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(FuseScaleIntoConv, ScaleThenShift) {
  auto model = text_model(
      R"(g (float[1,1,4,4] x) => (float[] y) <float[2,1,1,1] w = {2.0, 3.0}, float k = {4.0}, float[2,1,1] s = {10.0, 20.0}> {
    c = Conv(x, w)  m = Mul(k, c)  y = Add(m, s) })");
  EXPECT_EQ(apply("fuse_scale_into_conv", *model).applied, 2U);
  ASSERT_EQ(operators(*model), std::vector<std::string>{"Conv"});
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(1)), (std::vector<float>{8, 12}));
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(2)),
            (std::vector<float>{10, 20}));
}

TEST(FuseScaleIntoConv, DivisionAndSubtraction) {
  auto model = text_model(
      R"(g (float[1,1,4,4] x) => (float[] y) <float[1,1,1,1] w = {2.0}, float[1] b = {1.0}, float k = {4.0}, float s = {0.5}> {
    c = Conv(x, w, b)  m = Div(c, k)  y = Sub(m, s) })");
  EXPECT_EQ(apply("fuse_scale_into_conv", *model).applied, 2U);
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(1)), std::vector<float>{0.5});
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(2)), std::vector<float>{-0.25});
}

TEST(FuseScaleIntoConv, AnotherAxisOrAnotherUseStays) {
  auto model = text_model(
      R"(g (float[1,1,4,2] x) => (float[] y, float[] z, float[] r) <float[2,1,1,1] w = {2.0, 3.0}, float[2] along_width = {1.0, 2.0}, float two = {2.0}> {
    c = Conv(x, w)  y = Mul(c, along_width)  d = Conv(x, w)  z = Mul(d, two)  r = Relu(d) })");
  const auto outcome = apply("fuse_scale_into_conv", *model);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_THAT(reasons(outcome), testing::UnorderedElementsAre(testing::HasSubstr("another axis"),
                                                              testing::HasSubstr("another use")));
}

TEST(FuseScaleIntoConv, ReversedOperandsOfSubStay) {
  auto model = text_model(
      R"(g (float[1,1,4,4] x) => (float[] y) <float[1,1,1,1] w = {2.0}, float s = {0.5}> { c = Conv(x, w)  y = Sub(s, c) })");
  EXPECT_EQ(apply("fuse_scale_into_conv", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
