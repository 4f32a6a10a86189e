#include "quantize/output_groups.h"

#include <cmath>

namespace acuate {
namespace {

// [1, 4, 6] with a magnitude for each index of axis 1.
Tensor output(const std::vector<float>& magnitudes) {
  Tensor tensor = Tensor::allocate(ElementType::Float, {1, 4, 6});
  const auto values = tensor.mutable_values<float>();
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = magnitudes[i / 6] * (i % 2 == 0 ? 1.0F : -1.0F);
  return tensor;
}

std::vector<OutputGroup> groups_of(const Tensor& tensor) {
  ChannelPower power(tensor.shape());
  power.add(tensor);
  power.add(tensor);
  return power.groups("y");
}

TEST(OutputGroups, ChannelsOfOneMagnitudeBelongTogether) {
  const auto groups = groups_of(output({100, 0.5F, 300, 0.25F}));
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].channels, (std::vector<int64_t>{1, 3}));
  EXPECT_DOUBLE_EQ(groups[0].signal_power, (0.25 + 0.0625) / 2);
  EXPECT_EQ(groups[1].channels, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(groups[1].axis, 1);
}

TEST(OutputGroups, SlowlyGrowingChannelsAreOne) {
  const auto groups = groups_of(output({1, 7, 49, 0}));
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].axis, -1);
}

TEST(OutputGroups, AVectorOfScoresIsOne) {
  const Tensor scores = Tensor::of<float>({1, 3}, {0.001F, 0.9F, 0.1F});
  EXPECT_EQ(groups_of(scores).size(), 1U);
}

TEST(OutputGroups, ProbesSpanTheirGroupAlone) {
  const auto groups = groups_of(output({100, 0.5F, 300, 0.25F}));
  Tensor seed = Tensor::allocate(ElementType::Float, {1, 4, 6});
  std::mt19937_64 random(1);
  add_probe(seed, groups[0], random);
  const double weight = 1 / std::sqrt(groups[0].signal_power * 12);
  for (size_t i = 0; i < 24; ++i)
    EXPECT_NEAR(std::abs(seed.values<float>()[i]), i / 6 % 2 == 1 ? weight : 0, 1e-6);
}

TEST(OutputGroups, NoiseIsRelativeToTheGroup) {
  const Tensor exact = output({100, 0.5F, 300, 0.25F}), changed = output({110, 0.5F, 300, 0.25F});
  const auto groups = groups_of(exact);
  EXPECT_EQ(relative_noise(exact, changed, groups[0]), 0);
  EXPECT_NEAR(relative_noise(exact, changed, groups[1]), 100.0 / (1e4 + 9e4), 1e-9);
}

}  // namespace
}  // namespace acuate
