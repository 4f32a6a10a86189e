#include "quantize/channel_scaling.h"

#include "graph/verify.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

// A convolution, an activation, a depthwise convolution.
std::string net_with(const std::string& activation) {
  return R"(net (float[1,2,4,4] x) => (float[1,2,4,4] y) <
    float[2,2,1,1] w = {1.0, -2.0, 0.5, 0.01}, float[2] b = {0.5, 0.25},
    float[2,1,1,1] d = {1.5, -3.0}> { )" +
         activation + R"( y = Conv <group = 2> (t, d) })";
}

void expect_same_after_scaling(const std::string& activation) {
  SCOPED_TRACE(activation);
  auto model = typed_model(net_with(activation));
  const auto inputs = *noise_samples({1, 2, 4, 4})(0);
  const Tensor before = run_model(*model, inputs)[0];
  const auto region = find_channel_scaling(*model->graph().find("t"));
  ASSERT_TRUE(region);
  EXPECT_EQ(region->channels, 2U);
  const std::vector<float> scale{0.25F, 16};
  ASSERT_TRUE(apply_channel_scaling(*region, scale));
  EXPECT_TRUE(verify(*model).empty());
  EXPECT_EQ(model->graph().find("t"), nullptr);
  EXPECT_NE(model->graph().find("t_scaled"), nullptr);
  EXPECT_LT(relative_noise(before, run_model(*model, inputs)[0]), 1e-11);
}

TEST(ChannelScaling, KeepsWhatIsComputed) {
  expect_same_after_scaling("t = Conv(x, w, b)");
  expect_same_after_scaling("t = Conv(x, w)");
  expect_same_after_scaling("c = Conv(x, w, b)  t = Relu(c)");
  expect_same_after_scaling("c = Conv(x, w, b)  t = HardSwish(c)");
  expect_same_after_scaling("c = Conv(x, w, b)  g = Sigmoid(c)  t = Mul(c, g)");
  expect_same_after_scaling("c = Conv(x, w, b)  g = HardSigmoid(c)  t = Mul(g, c)");
  expect_same_after_scaling(
      "c = Conv(x, w, b)  a = Relu(c)  t = MaxPool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> "
      "(a)");
}

TEST(ChannelScaling, PassesASqueezeAndExcitation) {
  auto model = typed_model(R"(net (float[1,2,4,4] x) => (float[1,2,4,4] y) <
    float[2,2,1,1] w = {1.0, -2.0, 0.5, 0.01}, float[2,2,1,1] s = {0.3, 0.7, -0.2, 4.0},
    float[2,1,1,1] d = {1.5, -3.0}> {
    c = Conv(x, w)  a = Relu(c)  p = GlobalAveragePool(a)  q = Conv(p, s)  g = HardSigmoid(q)
    t = Mul(a, g)  y = Conv <group = 2> (t, d) })");
  const auto inputs = *noise_samples({1, 2, 4, 4})(1);
  const Tensor before = run_model(*model, inputs)[0];
  const auto region = find_channel_scaling(*model->graph().find("t"));
  ASSERT_TRUE(region);
  EXPECT_EQ(region->sinks.size(), 2U);
  EXPECT_TRUE(region->gates.empty());
  ASSERT_TRUE(apply_channel_scaling(*region, std::vector<float>{8, 0.5F}));
  EXPECT_LT(relative_noise(before, run_model(*model, inputs)[0]), 1e-11);
}

TEST(ChannelScaling, StopsWhereAFactorDoesNotPass) {
  const auto refused = [](const std::string& activation) {
    auto model = typed_model(net_with(activation));
    return !find_channel_scaling(*model->graph().find("t"));
  };
  EXPECT_TRUE(refused("c = Conv(x, w, b)  t = Clip(c)"));
  EXPECT_TRUE(refused("c = Conv(x, w, b)  t = Tanh(c)"));
  EXPECT_TRUE(refused("c = Conv(x, w, b)  t = Add(c, x)"));
  EXPECT_TRUE(refused("t = Relu(x)"));
  // Read elsewhere, too.
  auto model = typed_model(R"(net (float[1,2,4,4] x) => (float[1,2,4,4] y, float[1,2,4,4] t) <
    float[2,2,1,1] w = {1.0, -2.0, 0.5, 0.01}, float[2,1,1,1] d = {1.5, -3.0}> {
    t = Conv(x, w)  y = Conv <group = 2> (t, d) })");
  EXPECT_FALSE(find_channel_scaling(*model->graph().find("t")));
  // Weights that two nodes share.
  model = typed_model(R"(net (float[1,2,4,4] x) => (float[1,2,4,4] y) <
    float[2,1,1,1] d = {1.5, -3.0}> {
    t = Conv <group = 2> (x, d)  y = Conv <group = 2> (t, d) })");
  EXPECT_FALSE(find_channel_scaling(*model->graph().find("t")));
}

}  // namespace
}  // namespace acuate
