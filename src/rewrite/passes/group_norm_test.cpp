#include <fmt/format.h>

#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_with(std::string_view ones, std::string_view back) {
  auto model = text_model(fmt::format(
      R"(g (float[5,4,6,6] x) => (float[] y) <int64[3] split = {{0, 2, -1}}, int64[4] joined = {{5, 4, 6, 6}}, float[2] ones = {{1.0, {}}}, float[2] zeros = {{0.0, 0.0}}, float[4,1,1] gamma = {{1.0, 2.0, 3.0, 4.0}}, float[1,4,1,1] beta = {{5.0, 6.0, 7.0, 8.0}}> {{
    s = Reshape(x, split)  n = InstanceNormalization<epsilon = 0.001>(s, ones, zeros)  j = Reshape(n, {})  g = Mul(j, gamma)  y = Add(g, beta) }})",
      ones, back));
  model->set_opset("", 21);
  infer_shapes(*model);
  return model;
}

TEST(GroupNorm, FiveNodesBecomeOne) {
  auto model = model_with("1.0", "joined");
  EXPECT_EQ(apply("group_norm", *model).applied, 1U);
  ASSERT_EQ(operators(*model), std::vector<std::string>{"GroupNormalization"});
  const Node& node = *model->graph().first();
  EXPECT_EQ(node.int_attribute("num_groups", 0), 2);
  EXPECT_EQ(node.float_attribute("epsilon", 0), 0.001F);
  EXPECT_EQ(constant_values(*model, node.input(1)), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(constant_values(*model, node.input(2)), (std::vector<float>{5, 6, 7, 8}));
}

TEST(GroupNorm, AScaleOfItsOwnOrAnotherOpsetStays) {
  auto scaled = model_with("2.0", "joined");
  EXPECT_THAT(apply("group_norm", *scaled).misses.at(0).reason,
              testing::HasSubstr("scale or bias of its own"));
  auto old = model_with("1.0", "joined");
  old->set_opset("", 20);
  EXPECT_THAT(apply("group_norm", *old).misses.at(0).reason, testing::HasSubstr("opset 21"));
}

}  // namespace
}  // namespace acuate
