#include "rewrite/facts.h"
#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(ConstantSlice, AnEndThatIsTheDimension) {
  auto model = text_model(
      R"(g (float[N,H] x) => (float[N,M] y) <int64 one = {1}, int64[1] axis = {0}, int64[1] axes = {1}, int64[1] two = {2}> {
    s = Shape(x)  h = Gather(s, one)  e = Unsqueeze(h, axis)  y = Slice(x, axis, e, axes, two) })");
  EXPECT_EQ(apply("constant_slice", *model).applied, 1U);
  ASSERT_EQ(operators(*model), std::vector<std::string>{"Slice"});
  EXPECT_EQ(int_constant(model->graph().first()->input(2)), std::vector<int64_t>{INT64_MAX});
}

TEST(ConstantSlice, AnotherDimensionMayCut) {
  auto model = text_model(
      R"(g (float[N,H] x) => (float[N,M] y) <int64 zero = {0}, int64[1] axis = {0}, int64[1] axes = {1}> {
    s = Shape(x)  h = Gather(s, zero)  e = Unsqueeze(h, axis)  y = Slice(x, axis, e, axes) })");
  const auto outcome = apply("constant_slice", *model);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_EQ(outcome.misses.size(), 1U);
}

TEST(ConstantSlice, BackwardsAnEndIsAnother) {
  auto model = text_model(
      R"(g (float[N,H] x) => (float[N,M] y) <int64 one = {1}, int64[1] axis = {0}, int64[1] start = {-1}, int64[1] axes = {1}, int64[1] back = {-1}> {
    s = Shape(x)  h = Gather(s, one)  e = Unsqueeze(h, axis)  y = Slice(x, start, e, axes, back) })");
  EXPECT_EQ(apply("constant_slice", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
