#include "quantize/output_noise.h"

#include <cmath>

#include "quantize/test_support.h"

namespace acuate {
namespace {

// A hundredth too much, and nothing beyond 3: loud on the samples that reach further.
constexpr const char* kExact = "net (float[1,1,8,8] x) => (float[1,1,8,8] y) { y = Identity(x) }";
constexpr const char* kChanged = R"(net (float[1,1,8,8] x) => (float[1,1,8,8] y)
    <float one_percent = {1.01}, float three = {3.0}> { z = Mul(x, one_percent)  y = Min(z, three) })";

// Sample 0 reaches to ±10, the others to ±1.
Result<std::vector<Tensor>> loud_first(size_t sample) {
  auto tensors = noise_samples({1, 1, 8, 8})(sample);
  if (tensors && sample == 0)
    for (float& value : (*tensors)[0].mutable_values<float>()) value *= 10;
  return tensors;
}

TEST(OutputNoise, OneSampleDecidesTheMeanButNotWhatIsTypical) {
  const auto exact = typed_model(kExact), changed = typed_model(kChanged);
  const SampleLoader load = loud_first;
  const SampleSubset samples{{0, 1, 2, 3}, load};
  auto noise = OutputNoise::of(*exact, runtime(), samples, 1);
  ASSERT_TRUE(noise) << noise.error().message;
  ASSERT_EQ(noise->groups().size(), 1U);
  double mean = 0, logs = 0;
  for (const size_t i : samples.indices) {
    const auto inputs = *load(i);
    const Tensor y = run_model(*changed, inputs)[0];
    double power = 0;
    for (size_t e = 0; e < y.values<float>().size(); ++e)
      power += std::pow(y.values<float>()[e] - inputs[0].values<float>()[e], 2) / 64;
    mean += power / noise->groups()[0].signal_power / 4;
    logs += std::log(power / noise->groups()[0].signal_power) / 4;
  }
  EXPECT_NEAR(*noise->relative(*changed), mean, 1e-5 * mean);
  EXPECT_NEAR(*noise->typical(*changed), std::exp(logs), 1e-5 * std::exp(logs));
  EXPECT_GT(mean, 100 * std::exp(logs));
}

TEST(OutputNoise, EqualOutputsHaveNone) {
  const auto exact = typed_model(kExact);
  const SampleLoader load = loud_first;
  const SampleSubset samples{{1, 2}, load};
  auto noise = OutputNoise::of(*exact, runtime(), samples, 1);
  ASSERT_TRUE(noise) << noise.error().message;
  EXPECT_EQ(*noise->relative(*exact), 0);
  EXPECT_LT(*noise->typical(*exact), 1e-11);
}

// Twenty boxes of one number and a score each, of which one is there.
TEST(OutputNoise, BoxesCountByTheScoreOfTheirPosition) {
  const auto net = [](const std::string& error) {
    return typed_model("net (float[1,20,2] x) => (float[1,20,2] y) <float[1,20,2] e = {" + error +
                       "}> { y = Add(x, e) }");
  };
  const auto error_at = [](size_t position) {
    std::string text;
    for (size_t i = 0; i < 40; ++i)
      text += std::string(i == 0 ? "" : ",") + (i == 2 * position ? "1" : "0");
    return text;
  };
  const SampleLoader load = [](size_t) -> Result<std::vector<Tensor>> {
    Tensor x = Tensor::allocate(ElementType::Float, {1, 20, 2});
    for (size_t i = 0; i < 40; ++i)
      x.mutable_values<float>()[i] = i % 2 == 0 ? 10.0F : i / 2 == 4 ? 0.9F : 0.01F;
    return std::vector<Tensor>{x};
  };
  const SampleSubset samples{{0, 1}, load};
  auto noise = OutputNoise::of(*net(error_at(40)), runtime(), samples, 1);
  ASSERT_TRUE(noise) << noise.error().message;
  const double there = *noise->relative(*net(error_at(4))),
               elsewhere = *noise->relative(*net(error_at(5)));
  EXPECT_NEAR(there / elsewhere, 90, 1e-2);
}

}  // namespace
}  // namespace acuate
