#include "diagnose/reached_ranges.h"

#include "diagnose/test_support.h"

namespace acuate {
namespace {

// Of each value of interest: a text `low high`, `unknown` where there is none.
std::string range_of(const std::string& graph, const std::string& name) {
  const auto model = text_model(graph);
  const ReachedRanges ranges = reached_ranges(*model);
  const auto found = ranges.find(model->graph().find(name));
  return found == ranges.end() ? "unknown"
                               : fmt::format("{:g} {:g}", found->second.low, found->second.high);
}

std::string of_sigmoid(const std::string& nodes) {
  return range_of(
      "g (float[4] x) => (float[4] y) <float[2] c = {-2, 3}, float two = {2}> { s = "
      "Sigmoid(x) " +
          nodes + " }",
      "y");
}

TEST(ReachedRanges, FollowArithmetic) {
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

TEST(ReachedRanges, OfConstantsAreTheirExtremes) {
  EXPECT_EQ(of_sigmoid("e = Tanh(x) a = Concat <axis = 0> (e, c) y = Identity(a)"), "-2 3");
}

TEST(ReachedRanges, OfClipNeedsBothEndsOrAnOperand) {
  EXPECT_EQ(
      range_of("g (float x) => (float y) <float l = {-1}, float h = {6}> { y = Clip(x, l, h) }",
               "y"),
      "-1 6");
  EXPECT_EQ(range_of("g (float x) => (float y) <float l = {-1}> { y = Clip(x, l) }", "y"),
            "unknown");
}

TEST(ReachedRanges, AreUnknownWhereNothingBoundsThem) {
  EXPECT_EQ(of_sigmoid("y = Relu(x)"), "unknown");
  EXPECT_EQ(of_sigmoid("y = Add(x, s)"), "unknown");
  EXPECT_EQ(of_sigmoid("a = Sub(s, s) y = Div(s, a)"), "unknown") << "the divisor may be zero";
  EXPECT_EQ(of_sigmoid("y = Log(s)"), "unknown") << "minus infinite";
}

}  // namespace
}  // namespace acuate
