#include "quantize/gradient_test_support.h"

namespace acuate {
namespace {

TEST(Reshaping, ElementsGoBackToTheirPlaces) {
  expect_gradients(
      "g (float[2,3,4] x) => (float[4,6] y) <int64[2] s = {4, 6}> { r = Reshape(x, s)  y = Sin(r) "
      "}");
  expect_gradients("g (float[2,3,4] x) => (float[2,12] y) { y = Flatten(x) }");
  expect_gradients(
      "g (float[2,1,4] x) => (float[1,2,4] y) <int64[1] a = {1}, int64[1] b = {0}> { s = "
      "Squeeze(x, a)  y = Unsqueeze(s, b) }");
  expect_gradients("g (float[2,3,4] x) => (float[4,2,3] y) { y = Transpose<perm=[2,0,1]>(x) }");
  expect_gradients("g (float[2,3,4] x) => (float[4,3,2] y) { y = Transpose(x) }");
  expect_gradients(
      "g (float[2,3] x) => (float[2,3] y) { i = Identity(x)  d = Dropout(i)  y = Cast<to=1>(d) }");
}

TEST(Reshaping, DepthAndSpace) {
  for (const std::string mode : {"DCR", "CRD"})
    expect_gradients(
        "g (float[1,8,2,3] x) => (float[1,2,4,6] y) { y = DepthToSpace<blocksize=2, mode=\"" +
        mode + "\">(x) }");
  expect_gradients(
      "g (float[1,2,4,6] x) => (float[1,8,2,3] y) { y = SpaceToDepth<blocksize=2>(x) }");
}

TEST(Reshaping, RepeatedElementsAreSummed) {
  expect_gradients(
      "g (float[3,1] x) => (float[2,3,4] y) <int64[3] s = {2, 3, 4}> { y = Expand(x, s) }");
  expect_gradients("g (float[2,3] x) => (float[4,3] y) <int64[2] r = {2, 1}> { y = Tile(x, r) }");
  expect_gradients("g (float[2,3] x) => (float[4,9] y) <int64[2] r = {2, 3}> { y = Tile(x, r) }");
}

TEST(Reshaping, ACastToIntegersIsNotReached) {
  EXPECT_NE(not_reached("g (float[2] x) => (float[2] y) { i = Cast<to=6>(x)  y = Cast<to=1>(i) }"),
            "");
}

}  // namespace
}  // namespace acuate
