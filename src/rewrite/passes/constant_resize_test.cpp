#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

constexpr const char* kUpsample =
    R"(g (float[N,3,H,W] x) => (float[N,3,P,Q] y) <int64[1] zero = {0}, int64[1] two = {2}, int64[1] four = {4}, int64[2] factor = {2, FACTOR}> {
    s = Shape(x)  n = Slice(s, zero, two)  h = Slice(s, two, four)  d = Mul(h, factor)  t = Concat<axis = 0>(n, d)
    y = Resize<mode = "nearest">(x, , , t) })";

std::unique_ptr<Model> upsampled_by(const char* factor) {
  std::string text = kUpsample;
  text.replace(text.find("FACTOR"), 6, factor);
  return text_model(text);
}

TEST(ConstantResize, WholeMultiplesAreScales) {
  auto model = upsampled_by("3");
  EXPECT_EQ(apply("constant_resize", *model).applied, 1U);
  ASSERT_EQ(operators(*model), std::vector<std::string>{"Resize"});
  const Node& resize = *model->graph().first();
  ASSERT_EQ(resize.input_count(), 3U);
  EXPECT_EQ(constant_values(*model, resize.input(2)), (std::vector<float>{1, 1, 2, 3}));
}

TEST(ConstantResize, OtherSizesStay) {
  auto model = upsampled_by("0");
  const auto outcome = apply("constant_resize", *model);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_EQ(outcome.misses.size(), 1U);
}

}  // namespace
}  // namespace acuate
