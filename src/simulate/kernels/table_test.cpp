#include "simulate/test_support.h"

namespace acuate {
namespace {

TEST(Table, AnEntryForEachInteger) {
  const Tensor x = Tensor::of<float>({4}, {-1, 0, 3.5, 100});
  EXPECT_EQ(simulate(on_grids("[4]", "", "y = Relu(a)"), x).values,
            (std::vector<float>{0, 0, 4, 100}));
  EXPECT_EQ(simulate(on_grids("[4]", "", "y = LeakyRelu<alpha = 2.0>(a)"), x).values,
            (std::vector<float>{-2, 0, 4, 100}));
  EXPECT_EQ(simulate(on_grids("[4]", "", "y = Exp(a)"), x).values,
            (std::vector<float>{0, 1, 33, 252}));
}

TEST(Table, BoundsMustBeConstant) {
  EXPECT_NE(simulate(on_grids("[2]", "", "m = Identity(a) y = Clip(a, m)"),
                     Tensor::of<float>({2}, {0, 0}))
                .error.find("bounds are not constant"),
            std::string::npos);
}

}  // namespace
}  // namespace acuate
