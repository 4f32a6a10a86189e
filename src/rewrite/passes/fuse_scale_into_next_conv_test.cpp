#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(FuseScaleIntoNextConv, ScalesTheInputChannels) {
  auto model = text_model(
      R"(g (float[1,2,4,4] x) => (float[] y) <float[2,2,1,1] w = {1.0, 2.0, 3.0, 4.0}, float[2,1,1] s = {10.0, 100.0}> {
    m = Mul(x, s)  y = Conv(m, w) })");
  EXPECT_EQ(apply("fuse_scale_into_next_conv", *model).applied, 1U);
  ASSERT_EQ(operators(*model), std::vector<std::string>{"Conv"});
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(1)),
            (std::vector<float>{10, 200, 30, 400}));
}

TEST(FuseScaleIntoNextConv, GroupsHaveTheirOwnChannels) {
  auto model = text_model(
      R"(g (float[1,2,4,4] x) => (float[] y) <float[2,1,1,1] w = {1.0, 2.0}, float[2,1,1] s = {10.0, 100.0}> {
    m = Div(x, s)  y = Conv<group = 2>(m, w) })");
  EXPECT_EQ(apply("fuse_scale_into_next_conv", *model).applied, 1U);
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(1)),
            (std::vector<float>{0.1F, 0.02F}));
}

TEST(FuseScaleIntoNextConv, AnAddGoesIntoTheBiasWithoutPadding) {
  auto model = text_model(
      R"(g (float[1,2,4,4] x) => (float[] y) <float[1,2,1,1] w = {2.0, 3.0}, float[1] b = {0.5}, float[2,1,1] c = {10.0, 100.0}> {
    a = Add(c, x)  y = Conv<pads = [0, 0, 0, 0]>(a, w, b) })");
  EXPECT_EQ(apply("fuse_scale_into_next_conv", *model).applied, 1U);
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(1)), (std::vector<float>{2, 3}));
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(2)), std::vector<float>{320.5});
}

TEST(FuseScaleIntoNextConv, AScalePassesAnAddThatPaddingHolds) {
  auto model = text_model(
      R"(g (float[1,1,4,4] x) => (float[] y) <float[1,1,3,3] w = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0}, float s = {2.0}, float[1] c = {3.0}> {
    m = Mul(x, s)  a = Add(m, c)  y = Conv<pads = [1, 1, 1, 1]>(a, w) })");
  const auto outcome = apply("fuse_scale_into_next_conv", *model);
  EXPECT_EQ(outcome.applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Add", "Conv"}));
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(1)), std::vector<float>{1.5});
  EXPECT_EQ(constant_values(*model, model->graph().last()->input(1)),
            (std::vector<float>{2, 4, 6, 8, 10, 12, 14, 16, 18}));
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("pads with zeros"));
  EXPECT_EQ(model->graph().first()->output()->name, "a_unscaled");  // no longer s * x + c
}

TEST(FuseScaleIntoNextConv, ASecondUseStays) {
  auto model = text_model(
      R"(g (float[1,1,4,4] x) => (float[] z, float[] r) <float[1,1,1,1] w = {2.0}, float s = {3.0}> {
    m = Mul(x, s)  z = Conv(m, w)  r = Relu(m) })");
  EXPECT_EQ(apply("fuse_scale_into_next_conv", *model).applied, 0U);
}

TEST(FuseScaleIntoNextConv, ABroadcastInputOrAZeroDivisorStays) {
  auto model = text_model(
      R"(g (float[1,1,1,1] x, float[1,1,2,2] u) => (float[] y, float[] z) <float[1,2,1,1] w = {1.0, 2.0}, float[2,1,1] s = {3.0, 4.0}, float[1,1,1,1] v = {1.0}, float zero = {0.0}> {
    m = Mul(x, s)  y = Conv(m, w)  d = Div(u, zero)  z = Conv(d, v) })");
  EXPECT_EQ(apply("fuse_scale_into_next_conv", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
