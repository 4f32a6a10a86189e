#include <fmt/format.h>

#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_with(std::string_view nodes) {
  return text_model(fmt::format(
      R"(g (float[1,2,4,4] x) => (float[] y, float[] z) <float[2,1,1,1] w = {{1.0, 2.0}}, float[2] b = {{0.5, 0.25}}, float[2] gamma = {{10.0, 100.0}}, float[2] beta = {{3.0, 4.0}}, float[2] mean = {{0.5, 2.0}}, float[2] var = {{1.0, 4.0}}> {{
    n = BatchNormalization<epsilon = 0.0>(x, gamma, beta, mean, var)  {} }})",
      nodes));
}

TEST(FuseBatchNormIntoNextConv, GroupsHaveTheirOwnChannels) {
  auto model = model_with("y = Conv<group = 2>(n, w, b)  z = Relu(x)");
  EXPECT_EQ(apply("fuse_batch_norm_into_next_conv", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Conv", "Relu"}));
  const Node& conv = *model->graph().first();
  // scale = {10, 50}, shift = {3 - 5, 4 - 100}
  EXPECT_EQ(constant_values(*model, conv.input(1)), (std::vector<float>{10, 100}));
  EXPECT_EQ(constant_values(*model, conv.input(2)), (std::vector<float>{-1.5, -191.75}));
  EXPECT_EQ(origins(conv), (std::vector<std::string>{"@y", "@n"}));
}

TEST(FuseBatchNormIntoNextConv, PaddingKeepsItApart) {
  for (const char* conv : {"Conv<group = 2, pads = [0, 0, 0, 1]>(n, w, b)",
                           "Conv<group = 2, auto_pad = \"SAME_UPPER\">(n, w, b)"}) {
    auto model = model_with(fmt::format("y = {}  z = Relu(x)", conv));
    const auto outcome = apply("fuse_batch_norm_into_next_conv", *model);
    EXPECT_EQ(outcome.applied, 0U);
    EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("pads with zeros"));
  }
}

TEST(FuseBatchNormIntoNextConv, ASecondReaderKeepsItApart) {
  auto model = model_with("y = Conv<group = 2>(n, w)  z = Relu(n)");
  EXPECT_EQ(apply("fuse_batch_norm_into_next_conv", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
