#include "numeric/value_range.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "shape/text_model_test_support.h"

namespace acuate {
namespace {

// `low high`, or `unknown` where one is missing.
std::string range_of(const std::string& graph, const std::string& name) {
  const auto model = text_model(graph);
  const ValueRange range = ValueRanges::of(model->graph()).of(*model->graph().find(name));
  return range.is_bounded() ? fmt::format("{:g} {:g}", range.low, range.high) : "unknown";
}

std::string of_sigmoid(const std::string& nodes) {
  return range_of(
      "g (float[4] x) => (float[4] y) <float[2] c = {-2, 3}, float two = {2}> { s = "
      "Sigmoid(x) " +
          nodes + " }",
      "y");
}

TEST(ValueRanges, FollowArithmetic) {
  EXPECT_EQ(of_sigmoid("y = Mul(s, two)"), "0 2");
  EXPECT_EQ(of_sigmoid("a = Neg(s) y = Add(a, two)"), "1 2");
  EXPECT_EQ(of_sigmoid("y = Sub(two, s)"), "1 2");
  EXPECT_EQ(of_sigmoid("a = Add(s, two) y = Div(s, a)"), "0 0.5");
  EXPECT_EQ(of_sigmoid("a = Sub(s, two) y = Mul(a, a)"), "1 4");
  EXPECT_EQ(of_sigmoid("a = Sub(s, two) y = Pow(a, two)"), "0 4");
  EXPECT_EQ(of_sigmoid("a = Sub(s, two) y = Abs(a)"), "1 2");
  EXPECT_EQ(of_sigmoid("a = Exp(s) y = Log(a)"), "0 1");
  EXPECT_EQ(of_sigmoid("y = Max(s, two)"), "2 2");
}

TEST(ValueRanges, OfConstantsAreTheirExtremes) {
  EXPECT_EQ(of_sigmoid("e = Tanh(x) a = Concat <axis = 0> (e, c) y = Identity(a)"), "-2 3");
}

TEST(ValueRanges, OfClipNeedsBothEndsOrAnOperand) {
  EXPECT_EQ(of_sigmoid("a = Mul(s, two) y = Clip(a, two)"), "2 2");
  EXPECT_EQ(of_sigmoid("a = Sub(s, two) y = Clip(a, two)"), "2 2") << "below its bound";
  EXPECT_EQ(
      range_of("g (float x) => (float y) <float l = {-1}, float h = {6}> { y = Clip(x, l, h) }",
               "y"),
      "-1 6");
  EXPECT_EQ(range_of("g (float x) => (float y) <float l = {-1}> { y = Clip(x, l) }", "y"),
            "unknown");
}

TEST(ValueRanges, AreUnknownWhereNothingBoundsThem) {
  EXPECT_EQ(of_sigmoid("y = Relu(x)"), "unknown");
  EXPECT_EQ(of_sigmoid("y = Add(x, s)"), "unknown");
  EXPECT_EQ(of_sigmoid("a = Sub(s, s) y = Div(s, a)"), "unknown") << "the divisor may be zero";
  EXPECT_EQ(of_sigmoid("y = Log(s)"), "unknown") << "minus infinite";
}

TEST(ValueRanges, FollowFromSaturationAndConstants) {
  const auto model = text_model(R"(g (float[4] x) => (float[4] y)
    <float[1] two = {2.0}, float[1] m = {-3.0}> {
      s = Sigmoid(x) t = Mul(s, two) u = Add(t, m) v = Neg(u) r = Relu(x) a = Abs(u)
      d = Div(s, two) q = Div(two, x) y = Max(v, s) })");
  const ValueRanges ranges = ValueRanges::of(model->graph());
  const auto range = [&](const char* name) { return ranges.of(*model->graph().find(name)); };
  EXPECT_EQ(range("s"), (ValueRange{0, 1}));
  EXPECT_EQ(range("t"), (ValueRange{0, 2}));
  EXPECT_EQ(range("u"), (ValueRange{-3, -1}));
  EXPECT_EQ(range("v"), (ValueRange{1, 3}));
  EXPECT_EQ(range("a"), (ValueRange{1, 3}));
  EXPECT_EQ(range("d"), (ValueRange{0, 0.5}));
  EXPECT_EQ(range("y"), (ValueRange{1, 3}));
  EXPECT_EQ(range("r"), (ValueRange{0, ValueRange::kUnbounded}));
  EXPECT_EQ(range("q"), ValueRange{});
  EXPECT_EQ(range("x"), ValueRange{});
}

}  // namespace
}  // namespace acuate
