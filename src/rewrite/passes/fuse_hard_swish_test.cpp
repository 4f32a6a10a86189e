#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

constexpr const char* kConstants =
    "<float three = {3.0}, float zero = {0.0}, float six = {6.0}, float[1] seven = {7.0}>";

TEST(FuseHardSwish, FourNodesBecomeTwo) {
  auto model =
      text_model(std::string("g (float[4] x) => (float[4] y) ") + kConstants +
                 "{ a = Add(x, three)  c = Clip(a, zero, six)  m = Mul(x, c)  y = Div(m, six) }");
  EXPECT_EQ(apply("fuse_hard_swish", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"HardSigmoid", "Mul"}));
  EXPECT_EQ(model->graph().outputs()[0]->producer->op_type(), "Mul");
  EXPECT_EQ(origins(*model->graph().first()), (std::vector<std::string>{"@a", "@c"}));
  EXPECT_EQ(origins(*model->graph().last()), (std::vector<std::string>{"@m", "@y"}));
}

TEST(FuseHardSwish, OperandsInAnyOrder) {
  auto model =
      text_model(std::string("g (float[4] x) => (float[4] y) ") + kConstants +
                 "{ a = Add(three, x)  c = Clip(a, zero, six)  m = Mul(c, x)  y = Div(m, six) }");
  EXPECT_EQ(apply("fuse_hard_swish", *model).applied, 1U);
}

TEST(FuseHardSwish, OtherNumbersOrASecondReaderStay) {
  auto other =
      text_model(std::string("g (float[4] x) => (float[4] y) ") + kConstants +
                 "{ a = Add(x, three)  c = Clip(a, zero, seven)  m = Mul(x, c)  y = Div(m, six) }");
  EXPECT_EQ(apply("fuse_hard_swish", *other).applied, 0U);
  auto second =
      text_model(std::string("g (float[4] x) => (float[4] y, float[4] c) ") + kConstants +
                 "{ a = Add(x, three)  c = Clip(a, zero, six)  m = Mul(x, c)  y = Div(m, six) }");
  EXPECT_EQ(apply("fuse_hard_swish", *second).applied, 0U);
}

}  // namespace
}  // namespace acuate
