#include "simulate/test_support.h"

namespace acuate {
namespace {

TEST(Softmax, IsOneWhereOneElementIsFarAhead) {
  const Tensor x = Tensor::of<float>({2, 2}, {50, 0, 3, 3});
  const auto out = simulate(on_grids("[2,2]", "", "y = Softmax<axis = -1>(a)"), x);
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.values, (std::vector<float>{1, 0, 0, 0}));  // halves to even
  EXPECT_EQ(simulate(on_grids("[2,2]", "", "y = Softmax<axis = 0>(a)"), x).values,
            (std::vector<float>{1, 0, 0, 1}));
}

TEST(Softmax, AnAxisThatIsNotThere) {
  EXPECT_NE(simulate(on_grids("[2,2]", "", "y = Softmax<axis = 2>(a)"),
                     Tensor::of<float>({2, 2}, {0, 0, 0, 0}))
                .error.find("axis"),
            std::string::npos);
}

}  // namespace
}  // namespace acuate
