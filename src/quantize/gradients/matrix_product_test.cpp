#include "quantize/gradient_test_support.h"

namespace acuate {
namespace {

TEST(MatrixProduct, MatMulOfAnyRank) {
  const std::pair<std::string, std::string> kShapes[] = {
      {"[3,4]", "[4,2]"},       {"[2,3,4]", "[4,2]"}, {"[3,4]", "[2,4,2]"},
      {"[2,1,3,4]", "[3,4,2]"}, {"[4]", "[4,2]"},     {"[3,4]", "[4]"},
      {"[4]", "[4]"},           {"[4]", "[2,4,3]"},   {"[2,3,4]", "[4]"}};
  const std::string kResults[] = {"[3,2]", "[2,3,2]", "[2,3,2]", "[2,3,3,2]", "[2]",
                                  "[3]",   "",        "[2,3]",   "[2,3]"};
  for (size_t i = 0; i < std::size(kResults); ++i)
    expect_gradients("g (float" + kShapes[i].first + " x, float" + kShapes[i].second +
                     " z) => (float" + kResults[i] + " y) { y = MatMul(x, z) }");
}

TEST(MatrixProduct, GemmInAllOrders) {
  for (const std::string a : {"0", "1"})
    for (const std::string b : {"0", "1"})
      expect_gradients("g (float" + std::string(a == "0" ? "[2,3]" : "[3,2]") + " x, float" +
                       (b == "0" ? "[3,4]" : "[4,3]") +
                       " z, float[4] c) => (float[2,4] y) { y = Gemm<alpha=0.5, beta=2.0, transA=" +
                       a + ", transB=" + b + ">(x, z, c) }");
  expect_gradients("g (float[2,3] x, float[3,4] z) => (float[2,4] y) { y = Gemm(x, z) }");
}

TEST(MatrixProduct, IntegersAreNotReached) {
  EXPECT_NE(
      not_reached("g (float[2,2] x) => (int32[2,2] y) { i = Cast<to=6>(x)  y = MatMul(i, i) }"),
      "");
}

}  // namespace
}  // namespace acuate
