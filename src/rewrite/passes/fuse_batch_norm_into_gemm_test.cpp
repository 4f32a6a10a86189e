#include <fmt/format.h>

#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_with(std::string_view product, std::string_view input = "3,1") {
  return text_model(fmt::format(
      R"(g (float[{}] x) => (float[] y) <float[1,2] w = {{2.0, -3.0}}, float[2,1] wt = {{2.0, -3.0}}, float[2] b = {{0.5, 0.25}}, float[2] gamma = {{4.0, 0.5}}, float[2] beta = {{1.0, 2.0}}, float[2] mean = {{0.5, -4.0}}, float[2] var = {{4.0, 0.25}}> {{
    c = {}  y = BatchNormalization<epsilon = 0.0>(c, gamma, beta, mean, var) }})",
      input, product));
}

TEST(FuseBatchNormIntoGemm, WeightsInEitherLayoutAndBeta) {
  for (const char* gemm : {"Gemm<beta = 2.0>(x, w, b)", "Gemm<beta = 2.0, transB = 1>(x, wt, b)"}) {
    auto model = model_with(gemm);
    EXPECT_EQ(apply("fuse_batch_norm_into_gemm", *model).applied, 1U);
    ASSERT_EQ(operators(*model), std::vector<std::string>{"Gemm"});
    const Node& node = *model->graph().first();
    EXPECT_EQ(constant_values(*model, node.input(1)), (std::vector<float>{4, -3}));
    EXPECT_EQ(constant_values(*model, node.input(2)), (std::vector<float>{2, 6.5}));
    EXPECT_EQ(node.attribute("beta"), nullptr);
    EXPECT_EQ(origins(node), (std::vector<std::string>{"@c", "@y"}));
  }
}

TEST(FuseBatchNormIntoGemm, AMatMulOfMatricesBecomesAGemm) {
  auto model = model_with("MatMul(x, w)");
  EXPECT_EQ(apply("fuse_batch_norm_into_gemm", *model).applied, 1U);
  ASSERT_EQ(operators(*model), std::vector<std::string>{"Gemm"});
  EXPECT_EQ(constant_values(*model, model->graph().first()->input(2)), (std::vector<float>{0, 6}));
}

TEST(FuseBatchNormIntoGemm, ChannelsThatAreNotColumnsStay) {
  auto model = model_with("MatMul(x, w)", "3,2,1");
  const auto outcome = apply("fuse_batch_norm_into_gemm", *model);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("not the product's columns"));
}

}  // namespace
}  // namespace acuate
