#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(Softmax, WithAndWithoutTheMaximum) {
  for (const char* nodes : {"m = ReduceMax<axes = [1]>(x)  d = Sub(x, m)  e = Exp(d)  s = "
                            "ReduceSum(e, axes)  y = "
                            "Div(e, s)",
                            "e = Exp(x)  s = ReduceSum(e, axes)  y = Div(e, s)"}) {
    std::string text = "g (float[2,3,N] x) => (float[2,3,N] y) <int64[1] axes = {-2}> { ";
    auto model = text_model(text.append(nodes).append(" }"));
    EXPECT_EQ(apply("softmax", *model).applied, 1U) << nodes;
    ASSERT_EQ(operators(*model), std::vector<std::string>{"Softmax"}) << nodes;
    EXPECT_EQ(model->graph().first()->int_attribute("axis", 9), 1);
  }
}

TEST(Softmax, SeveralOrDifferentAxesStay) {
  for (const char* nodes : {"m = ReduceMax<axes = [0]>(x)  d = Sub(x, m)  e = Exp(d)  s = "
                            "ReduceSum(e, one)  y = "
                            "Div(e, s)",
                            "e = Exp(x)  s = ReduceSum(e, both)  y = Div(e, s)",
                            "e = Exp(x)  s = ReduceSum<keepdims = 0>(e, one)  y = Div(e, s)"}) {
    std::string text =
        "g (float[2,2] x) => (float[2,2] y) <int64[1] one = "
        "{1}, int64[2] both = {0, 1}> { ";
    auto model = text_model(text.append(nodes).append(" }"));
    const auto outcome = apply("softmax", *model);
    EXPECT_EQ(outcome.applied, 0U) << nodes;
    EXPECT_EQ(outcome.misses.size(), 1U) << nodes;
  }
}

}  // namespace
}  // namespace acuate
