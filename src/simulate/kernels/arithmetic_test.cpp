#include "simulate/test_support.h"

namespace acuate {
namespace {

TEST(Arithmetic, SumsDifferencesAndProducts) {
  const Tensor x = Tensor::of<float>({4}, {1, 1.5, 3, -2});
  EXPECT_EQ(simulate(on_grids("[4]", "", "y = Add(a, a)"), x).values,
            (std::vector<float>{2, 3, 6, -3}));
  EXPECT_EQ(simulate(on_grids("[4]", "", "y = Sub(a, a)"), x).values,
            (std::vector<float>{0, 0, 0, 0}));
  EXPECT_EQ(simulate(on_grids("[4]", "", "y = Mul(a, a)"), x).values,
            (std::vector<float>{1, 2, 9, 4}));
}

TEST(Arithmetic, Broadcasts) {
  const auto out = simulate(on_grids("[2,3]", "float[2,1] w = {10.0, 20.0}, ", "y = Add(w, a)"),
                            Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6}));
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.values, (std::vector<float>{11, 12, 13, 24, 25, 26}));
}

TEST(Arithmetic, NoConstantsThatHaveNoGrid) {
  EXPECT_NE(simulate(on_grids("[2]", "int64[1] w = {1}, ", "y = Add(a, w)"),
                     Tensor::of<float>({2}, {0, 0}))
                .error.find("constant input 1"),
            std::string::npos);
}

}  // namespace
}  // namespace acuate
