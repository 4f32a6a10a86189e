#include <cmath>

#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

constexpr const char* kParameters =
    R"(<float[2,1,1,1] w = {2.0, -3.0}, float[2] b = {0.5, 0.25}, float[2] gamma = {1.5, 0.5}, float[2] beta = {0.1, 0.2}, float[2] mean = {0.3, -0.4}, float[2] var = {4.0, 0.25}>)";

TEST(FuseBatchNormIntoConv, WeightsFollowTheFormula) {
  auto model = text_model(
      std::string("g (float[1,1,4,4] x) => (float[1,2,4,4] y) ") + kParameters +
      "{ c = Conv(x, w, b)  y = BatchNormalization<epsilon = 0.001>(c, gamma, beta, mean, var) }");
  EXPECT_EQ(apply("fuse_batch_norm_into_conv", *model).applied, 1U);
  ASSERT_EQ(operators(*model), std::vector<std::string>{"Conv"});
  const Node& conv = *model->graph().first();
  EXPECT_EQ(conv.output()->name, "y");
  const auto weight = constant_values(*model, conv.input(1)),
             bias = constant_values(*model, conv.input(2));
  const double w[] = {2, -3}, b[] = {0.5, 0.25}, gamma[] = {1.5, 0.5}, beta[] = {0.1F, 0.2F},
               mean[] = {0.3F, -0.4F}, var[] = {4, 0.25};
  for (size_t c = 0; c < 2; ++c) {
    const double factor = gamma[c] / std::sqrt(var[c] + static_cast<double>(0.001F));
    EXPECT_EQ(weight[c], static_cast<float>(w[c] * factor));
    EXPECT_EQ(bias[c], static_cast<float>(b[c] * factor + beta[c] - mean[c] * factor));
  }
  EXPECT_EQ(origins(conv), (std::vector<std::string>{"@c", "@y"}));
}

TEST(FuseBatchNormIntoConv, TheResultHasTheNameOfWhatItIs) {
  auto model = text_model(
      std::string("g (float[1,1,4,4] x) => (float[1,2,4,4] y) ") + kParameters +
      "{ c = Conv(x, w, b)  n = BatchNormalization(c, gamma, beta, mean, var)  y = Relu(n) }");
  EXPECT_EQ(apply("fuse_batch_norm_into_conv", *model).applied, 1U);
  EXPECT_EQ(model->graph().first()->output()->name, "n");
  EXPECT_EQ(model->graph().find("c"), nullptr);
  EXPECT_EQ(model->graph().last()->input(0), model->graph().find("n"));
}

TEST(FuseBatchNormIntoConv, ASecondUseKeepsItApart) {
  auto model = text_model(
      std::string("g (float[1,1,4,4] x) => (float[1,2,4,4] y, float[1,2,4,4] z) ") + kParameters +
      "{ c = Conv(x, w, b)  y = BatchNormalization(c, gamma, beta, mean, var)  z = Relu(c) }");
  const auto outcome = apply("fuse_batch_norm_into_conv", *model);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_EQ(outcome.misses[0].reason, "the convolution's result has another use");
}

TEST(FuseBatchNormIntoConv, SharedWeightsAreNotMultipliedTwice) {
  auto model = text_model(
      std::string("g (float[1,1,4,4] x) => (float[1,2,4,4] y, float[1,2,4,4] z) ") + kParameters +
      "{ c = Conv(x, w, b)  y = BatchNormalization(c, gamma, beta, mean, var)  z = Conv(x, w, b) "
      "}");
  EXPECT_EQ(apply("fuse_batch_norm_into_conv", *model).applied, 1U);
  EXPECT_EQ(constant_values(*model, model->graph().last()->input(1)), (std::vector<float>{2, -3}));
  EXPECT_NE(model->graph().first()->input(1), model->graph().last()->input(1));
}

TEST(FuseBatchNormIntoConv, TransposedConvolutionsInGroups) {
  auto model = text_model(
      R"(g (float[1,4,2,2] x) => (float[] y) <float[4,1,1,1] w = {1.0, 2.0, 3.0, 4.0}, float[2] gamma = {10.0, 100.0}, float[2] zero = {0.0, 0.0}, float[2] one = {1.0, 1.0}> {
    c = ConvTranspose<group = 2>(x, w)  y = BatchNormalization<epsilon = 0.0>(c, gamma, zero, zero, one) })");
  EXPECT_EQ(apply("fuse_batch_norm_into_conv", *model).applied, 1U);
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(1)),
            (std::vector<float>{10, 20, 300, 400}));
}

}  // namespace
}  // namespace acuate
