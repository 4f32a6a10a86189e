#include "simulate/test_support.h"

namespace acuate {
namespace {

TEST(Concat, EachInputOnTheGridOfTheResult) {
  const auto out =
      simulate(on_grids("[2,1]", "float[2,1] w = {7.0, 8.0}, ", "y = Concat<axis = -1>(a, w)"),
               Tensor::of<float>({2, 1}, {1.5, 4}));
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.values, (std::vector<float>{2, 7, 4, 8}));
}

TEST(Concat, IntegersHaveNoGrid) {
  EXPECT_NE(simulate(on_grids("[2,1]", "int64[2,1] w = {7, 8}, ", "y = Concat<axis = 0>(a, w)"),
                     Tensor::of<float>({2, 1}, {1, 4}))
                .error.find("constant input 1"),
            std::string::npos);
}

}  // namespace
}  // namespace acuate
