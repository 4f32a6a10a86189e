#include <fmt/format.h>

#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_with(std::string_view axes, std::string_view nodes) {
  return text_model(fmt::format(
      R"(g (float[N,2,3,4] x) => (float[N,2,3,4] y) <float two = {{2.0}}, float eps = {{0.001}}, float[2,1,1] gamma = {{3.0, 4.0}}, float[1,2,1,1] beta = {{5.0, 6.0}}, float[4] width = {{1.0, 2.0, 3.0, 4.0}}> {{
    m = ReduceMean<axes = {0}>(x)  d = Sub(x, m)  p = Pow(d, two)  v = ReduceMean<axes = {0}>(p)  e = Add(v, eps)  s = Sqrt(e)  {1} }})",
      axes, nodes));
}

TEST(InstanceNorm, WithAndWithoutParameters) {
  auto full = model_with("[2, 3]", "n = Div(d, s)  g = Mul(n, gamma)  y = Add(g, beta)");
  EXPECT_EQ(apply("instance_norm", *full).applied, 1U);
  ASSERT_EQ(operators(*full), std::vector<std::string>{"InstanceNormalization"});
  const Node& node = *full->graph().first();
  EXPECT_EQ(constant_values(*full, node.input(1)), (std::vector<float>{3, 4}));
  EXPECT_EQ(constant_values(*full, node.input(2)), (std::vector<float>{5, 6}));
  EXPECT_EQ(node.input(2)->initializer->shape, (Shape{2}));
  EXPECT_EQ(node.float_attribute("epsilon", 0), 0.001F);

  auto bare = model_with("[-1, -2]", "y = Div(d, s)");
  EXPECT_EQ(apply("instance_norm", *bare).applied, 1U);
  EXPECT_EQ(constant_values(*bare, bare->graph().first()->input(1)), (std::vector<float>{1, 1}));
  EXPECT_EQ(constant_values(*bare, bare->graph().first()->input(2)), (std::vector<float>{0, 0}));
}

TEST(InstanceNorm, OtherAxesOrParametersStay) {
  auto axes = model_with("[1, 2]", "y = Div(d, s)");
  EXPECT_THAT(apply("instance_norm", *axes).misses.at(0).reason,
              testing::HasSubstr("all axes behind the channels"));
  auto width = model_with("[2, 3]", "n = Div(d, s)  y = Mul(n, width)");
  const auto outcome = apply("instance_norm", *width);
  EXPECT_EQ(outcome.applied, 1U);  // without the scale, which stays behind it
  EXPECT_THAT(outcome.misses.at(0).reason, testing::HasSubstr("for each channel"));
  EXPECT_EQ(operators(*width), (std::vector<std::string>{"InstanceNormalization", "Mul"}));
}

}  // namespace
}  // namespace acuate
