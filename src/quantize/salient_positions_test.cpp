#include "quantize/salient_positions.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

// [1, 20, 3]: two numbers of a box and a score, which is `high` at position 4 and `low` elsewhere.
Tensor joined(float low, float high) {
  Tensor output = Tensor::allocate(ElementType::Float, {1, 20, 3});
  const auto values = output.mutable_values<float>();
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = i % 3 < 2 ? static_cast<float>(i) - 30 : i / 3 == 4 ? high : low;
  return output;
}

std::vector<std::vector<float>> weights_of(const std::vector<Tensor>& outputs) {
  const std::vector<std::vector<Tensor>> samples{outputs, outputs};
  return SalientPositions::of(samples).weights(outputs);
}

TEST(SalientPositions, BoxesCountByTheScoreOfTheirPosition) {
  const auto weights = weights_of({joined(0.01F, 0.8F)});
  ASSERT_EQ(weights[0].size(), 60U);
  const float mean = (19 * 0.01F + 0.8F) / 20;
  for (size_t i = 0; i < 60; ++i)
    EXPECT_NEAR(weights[0][i], i % 3 == 2 ? 1 : (i / 3 == 4 ? 0.8F : 0.01F) / mean, 1e-4) << i;
}

TEST(SalientPositions, ScoresMayBeLogitsInAnOutputOfTheirOwn) {
  Tensor scores = Tensor::allocate(ElementType::Float, {1, 20, 1});
  Tensor boxes = Tensor::allocate(ElementType::Float, {1, 2, 20});
  for (size_t i = 0; i < 20; ++i) scores.mutable_values<float>()[i] = i == 7 ? 3.0F : -20.0F;
  for (size_t i = 0; i < 40; ++i) boxes.mutable_values<float>()[i] = static_cast<float>(i % 5) - 2;
  const auto weights = weights_of({boxes, scores});
  EXPECT_TRUE(weights[1].empty());
  ASSERT_EQ(weights[0].size(), 40U);
  EXPECT_NEAR(weights[0][7], 20, 1e-3);
  EXPECT_NEAR(weights[0][27], 20, 1e-3);
  EXPECT_NEAR(weights[0][8], 0, 1e-3);
}

TEST(SalientPositions, OtherOutputsCountAlike) {
  // Scores that are high in many places, none at all, and a map of scores alone.
  EXPECT_TRUE(weights_of({joined(0.5F, 0.8F)})[0].empty());
  EXPECT_TRUE(weights_of({joined(0.01F, 0.2F)})[0].empty());
  Tensor map = Tensor::allocate(ElementType::Float, {1, 1, 8, 8});
  std::fill(map.mutable_values<float>().begin(), map.mutable_values<float>().end(), 0.0F);
  map.mutable_values<float>()[3] = 0.9F;
  EXPECT_TRUE(weights_of({map})[0].empty());
  EXPECT_TRUE(weights_of({Tensor::of<float>({1, 3}, {0.001F, 0.9F, 0.1F})})[0].empty());
}

TEST(SalientPositions, ASampleCountsByWhatIsThere) {
  const std::vector<std::vector<Tensor>> samples{{joined(0.01F, 0.8F)}, {joined(0.01F, 0.02F)}};
  const SalientPositions positions = SalientPositions::of(samples);
  const float mean = (38 * 0.01F + 0.8F + 0.02F) / 40;
  EXPECT_NEAR(positions.weights(samples[0])[0][12], 0.8F / mean, 1e-3);
  EXPECT_NEAR(positions.weights(samples[1])[0][12], 0.02F / mean, 1e-3);
  EXPECT_TRUE(weights_of({joined(0, 0)})[0].empty());
}

}  // namespace
}  // namespace acuate
