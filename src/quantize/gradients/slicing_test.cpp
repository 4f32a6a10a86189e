#include "quantize/gradient_test_support.h"

namespace acuate {
namespace {

TEST(Slicing, PartsJoined) {
  expect_gradients(
      "g (float[2,1,3] x, float[2,2,3] z) => (float[2,3,3] y) { y = Concat<axis=-2>(x, z) }");
}

TEST(Slicing, PartsApart) {
  expect_gradients(
      "g (float[2,5] x) => (float[2,2] a, float[2,3] b) <int64[2] s = {2, 3}> { a, b = "
      "Split<axis=1>(x, s) }");
  expect_gradients(
      "g (float[2,5] x) => (float[2,3] y) <int64[2] s = {2, 3}> { a, b = Split<axis=1>(x, s)  y = "
      "Exp(b) }");
}

TEST(Slicing, SlicesWithAnyStep) {
  const std::pair<std::string, std::string> kSlices[] = {
      {"{1}, int64[1] e = {4}", "{1}"},      {"{-3}, int64[1] e = {100}", "{1}"},
      {"{0}, int64[1] e = {6}", "{2}"},      {"{1}, int64[1] e = {100}", "{3}"},
      {"{-1}, int64[1] e = {-100}", "{-1}"}, {"{4}, int64[1] e = {0}", "{-2}"}};
  for (const auto& [range, step] : kSlices)
    expect_gradients("g (float[2,6] x) => (float[2,n] y) <int64[1] s = " + range +
                     ", int64[1] a = {1}, int64[1] t = " + step + "> { y = Slice(x, s, e, a, t) }");
  expect_gradients(
      "g (float[3,6] x) => (float[2,4] y) <int64[2] s = {1, 1}, int64[2] e = {3, 5}> { y = "
      "Slice(x, s, e) }");
}

TEST(Slicing, Pads) {
  expect_gradients(
      "g (float[2,3] x) => (float[3,6] y) <int64[4] p = {0, 1, 1, 2}> { y = Pad(x, p) }");
  expect_gradients(
      "g (float[2,4] x) => (float[3,3] y) <int64[4] p = {0, -2, 1, 1}> { y = Pad(x, p) }");
  EXPECT_NE(not_reached("g (float[2,3] x) => (float[2,5] y) <int64[4] p = {0, 1, 0, 1}> { y = "
                        "Pad<mode=\"edge\">(x, p) }"),
            "");
}

TEST(Slicing, PickedElements) {
  expect_gradients(
      "g (float[4,3] x) => (float[2,2,3] y) <int64[2,2] i = {0, 2, 2, -1}> { y = Gather(x, i) }");
  expect_gradients(
      "g (float[3,4] x) => (float[3,2] y) <int64[2] i = {3, 1}> { y = Gather<axis=1>(x, i) }",
      false, 13);
  expect_gradients("g (float[3,4] x) => (float[3] y) <int64 i = {2}> { y = Gather<axis=1>(x, i) }",
                   false, 13);
  EXPECT_NE(
      not_reached("g (float[4] x) => (float[2] y) <int64[2] i = {1, 1}> { y = Gather(x, i) }", 13),
      "");
}

TEST(Slicing, TheLargestOnes) {
  expect_gradients("g (float[2,6] x) => (float[2,3] y) <int64[1] k = {3}> { y, i = TopK(x, k) }");
}

}  // namespace
}  // namespace acuate
