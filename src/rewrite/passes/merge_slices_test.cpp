#include "rewrite/facts.h"
#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(MergeSlices, OfOtherAxes) {
  auto model = text_model(
      R"(g (float[N,8,8,3] x) => (float[N,4,4,3] y) <int64[1] zero = {0}, int64[1] end = {9223372036854775807}, int64[1] one = {1}, int64[1] two = {2}, int64[1] last = {-1}, int64[1] low = {-100}, int64[1] minus_two = {-2}> {
    a = Slice(x, zero, end, one, two)  b = Slice(a, last, low, two, minus_two)  y = Relu(b) })");
  EXPECT_EQ(apply("merge_slices", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Slice", "Relu"}));
  const Node& slice = *model->graph().first();
  EXPECT_EQ(int_constant(slice.input(1)), (std::vector<int64_t>{0, -1}));
  EXPECT_EQ(int_constant(slice.input(2)), (std::vector<int64_t>{INT64_MAX, -100}));
  EXPECT_EQ(int_constant(slice.input(3)), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(int_constant(slice.input(4)), (std::vector<int64_t>{2, -2}));
}

TEST(MergeSlices, OfTheSameAxisFromItsStart) {
  auto model = text_model(
      R"(g (float[N] x) => (float[M] y) <int64[1] s = {3}, int64[1] e = {20}, int64[1] t = {2}, int64[1] f = {9}> {
    a = Slice(x, s, e)  b = Slice(a, t, f)  y = Relu(b) })");
  EXPECT_EQ(apply("merge_slices", *model).applied, 1U);
  const Node& slice = *model->graph().first();
  EXPECT_EQ(int_constant(slice.input(1)), std::vector<int64_t>{5});
  EXPECT_EQ(int_constant(slice.input(2)), std::vector<int64_t>{12});
}

TEST(MergeSlices, BoundsFromTheEndOfTheSameAxisStay) {
  auto model = text_model(
      R"(g (float[N] x) => (float[M] y) <int64[1] s = {3}, int64[1] e = {20}, int64[1] t = {-2}, int64[1] f = {9}> {
    a = Slice(x, s, e)  b = Slice(a, t, f)  y = Relu(b) })");
  const auto outcome = apply("merge_slices", *model);
  EXPECT_EQ(outcome.applied, 0U);
  EXPECT_EQ(outcome.misses.size(), 1U);
}

TEST(MergeSlices, WhatOthersReadStays) {
  auto model = text_model(
      R"(g (float[8,8] x) => (float[] y, float[] z) <int64[1] s = {3}, int64[1] e = {8}, int64[1] one = {1}> {
    a = Slice(x, s, e)  y = Slice(a, s, e, one)  z = Relu(a) })");
  EXPECT_EQ(apply("merge_slices", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
