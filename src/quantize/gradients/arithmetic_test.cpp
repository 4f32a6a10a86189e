#include "quantize/gradient_test_support.h"

namespace acuate {
namespace {

TEST(Arithmetic, BothOperandsAndWhatIsBroadcast) {
  for (const std::string op : {"Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean"}) {
    expect_gradients("g (float[2,3] x, float[2,3] z) => (float[2,3] y) { y = " + op + "(x, z) }");
    expect_gradients("g (float[2,1,4] x, float[3,1] z) => (float[2,3,4] y) { y = " + op +
                     "(x, z) }");
  }
  expect_gradients("g (float[4] x, float[2,1] z, float w) => (float[2,4] y) { y = Sum(x, z, w) }");
}

TEST(Arithmetic, PowersOfConstants) {
  for (const std::string c : {"2.0", "3.0", "-1.0"})
    expect_gradients("g (float[2,3] x) => (float[2,3] y) <float c = {" + c +
                     "}> { y = Pow(x, c) }");
  expect_gradients("g (float[2,3] x) => (float[2,3] y) <int64 c = {3}> { y = Pow(x, c) }");
  expect_gradients("g (float[2,3] x) => (float[2,3] y) <float c = {0.5}> { y = Pow(x, c) }", true);
}

TEST(Arithmetic, WhereTakesWhatItChose) {
  expect_gradients(
      "g (float[2,3] x, float[3] z) => (float[2,3] y) <bool[2,1] c = {1, 0}> { y = Where(c, x, z) "
      "}");
}

TEST(Arithmetic, PReluByItsData) {
  expect_gradients(
      "g (float[2,3,2] x) => (float[2,3,2] y) <float[3,1] s = {0.1, 0.2, -0.3}> { y = PRelu(x, s) "
      "}");
}

TEST(Arithmetic, AnExponentThatIsComputedIsNotReached) {
  EXPECT_NE(not_reached("g (float x) => (float y) <float a = {2.0}> { y = Pow(a, x) }"), "");
}

}  // namespace
}  // namespace acuate
