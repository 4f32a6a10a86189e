#include "numeric/mixed_ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shape/text_model_test_support.h"

namespace acuate {
namespace {

// The Concats that mix by what operators imply: `y: b beside s`.
std::vector<std::string> mixed(const std::string& graph) {
  const auto model = text_model(graph);
  const ValueRanges ranges = ValueRanges::of(model->graph());
  std::vector<std::string> out;
  for (const MixedConcat& each : mixed_concats(
           model->graph(), [&](const Value& value) { return std::optional(ranges.of(value)); }))
    out.push_back(std::string(each.node->output()->name) + ": " + std::string(each.widest->name) +
                  " beside " + std::string(each.narrowest->name));
  return out;
}

TEST(MixedConcats, UnboundedBesideBounded) {
  EXPECT_THAT(mixed(R"(g (float[4] x, float[4] z) => (float[12] y) {
    b = Relu(x) s = Sigmoid(z) t = Tanh(z) y = Concat <axis = 0> (s, b, t) })"),
              testing::ElementsAre("y: b beside s"));
}

TEST(MixedConcats, FewerThanFourOf256Steps) {
  const auto scaled = [](const std::string& by) {
    return mixed("g (float[4] x) => (float[8] y) <float f = {" + by + R"(}> {
      s = Sigmoid(x) b = Mul(s, f) y = Concat <axis = 0> (s, b) })");
  };
  EXPECT_THAT(scaled("65"), testing::SizeIs(1));
  EXPECT_THAT(scaled("64"), testing::IsEmpty());
}

TEST(MixedConcats, ConstantsDoNotCount) {
  EXPECT_THAT(mixed(R"(g (float[1] x) => (float[2] y) <float[1] c = {1000}> {
    s = Sigmoid(x) y = Concat <axis = 0> (s, c) })"),
              testing::IsEmpty());
}

TEST(MixedConcats, ScoresBesideScoresDoNotMix) {
  EXPECT_THAT(mixed(R"(g (float[4] x, float[4] z) => (float[8] y, float[8] w) {
    s = Sigmoid(x) t = Softmax(z) y = Concat <axis = 0> (s, t) w = Concat <axis = 0> (x, z) })"),
              testing::IsEmpty());
}

}  // namespace
}  // namespace acuate
