#include <cmath>

#include "quantize/output_noise.h"
#include "quantize/quantize.h"
#include "quantize/test_support.h"
#include "targets/stand_in.h"

namespace acuate {
namespace {

// Boxes of a few hundred pixels and scores from 0 to 1 in one output.
constexpr const char* kDetector = R"(net (float[1,3,8,8] x) => (float[1,6,64] y) <
    float[4,3,1,1] w1 = {-0.06, -0.51, 0.09, 0.15, -0.97, -0.57, -0.44, 0.83, 0.53, -0.68, 0.59, -0.72},
    float[2,3,1,1] w2 = {-0.58, -0.57, 0.96, 0.74, -0.42, 0.92}, float pixels = {320.0},
    int64[3] s1 = {1, 4, 64}, int64[3] s2 = {1, 2, 64}> {
    a = Conv(x, w1)  b = Reshape(a, s1)  c = Sigmoid(b)  boxes = Mul(c, pixels)
    ["scores_conv"] d = Conv(x, w2)  e = Reshape(d, s2)  scores = Sigmoid(e)
    ["join"] y = Concat <axis = 1> (boxes, scores) })";

Target everywhere() { return *with_engine(*targets().lookup("vsi_npu")); }

Result<Quantized> quantized_with(const Model& model, std::optional<std::vector<std::string>> ids) {
  QuantizeOptions options;
  options.range = "mse";
  options.recover = std::move(ids);
  return quantize_model(model, everywhere(), 4, noise_samples({1, 3, 8, 8}), options);
}

TEST(SplitMixedRanges, ScoresSurviveBesideBoxes) {
  auto model = typed_model(kDetector);
  auto plain = quantized_with(*model, std::vector<std::string>());
  auto split = quantized_with(*model, {});
  ASSERT_TRUE(plain && split) << plain.error().message << split.error().message;

  // The trap: the ratio over all elements is fine, and no score is left.
  const SampleLoader load = noise_samples({1, 3, 8, 8});
  const Tensor exact = run_model(*model, *load(0))[0];
  EXPECT_LT(relative_noise(exact, run_model(*plain->model, *load(0))[0]), std::pow(10, -2.5));
  const Target target = everywhere();
  const SampleSubset judged{{0, 1}, load};
  auto noise = OutputNoise::of(*model, target, judged, 1);
  ASSERT_TRUE(noise) << noise.error().message;
  ASSERT_EQ(noise->groups().size(), 2U);
  const auto before = *noise->by_group(*plain->model), after = *noise->by_group(*split->model);
  EXPECT_GT(std::max(before[0], before[1]), 0.2);
  EXPECT_LT(std::max(after[0], after[1]), 1e-3);

  EXPECT_EQ(split->encodings.find("y"), nullptr);
  EXPECT_NE(split->encodings.find("boxes"), nullptr);
  EXPECT_LT(split->encodings.find("scores")->quantization.scale[0], 1.0F / 255 + 1e-6F);
  const auto outcome =
      std::find_if(split->recovery.begin(), split->recovery.end(),
                   [](const RecoveryOutcome& each) { return each.id == "split_mixed_ranges"; });
  ASSERT_NE(outcome, split->recovery.end());
  EXPECT_TRUE(outcome->used);
  EXPECT_EQ(outcome->places, 1U);
  EXPECT_GT(*outcome->gain_db, 10);
  ASSERT_EQ(split->kept_float.size(), 1U);
  EXPECT_EQ(split->kept_float[0].first, "join");
  EXPECT_THAT(split->kept_float[0].second, testing::HasSubstr("of 256 steps 'scores' gets"));
}

TEST(SplitMixedRanges, EncodingsSayIt) {
  auto model = typed_model(kDetector);
  auto split = quantized_with(*model, {{"split-mixed-ranges"}});
  ASSERT_TRUE(split) << split.error().message;
  auto again = apply_encodings(*model, everywhere(), split->encodings, split->changes, 0, {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*model_bytes(*again->model), *model_bytes(*split->model));
}

TEST(SplitMixedRanges, LeavesConcatsThatConvolutionsReadOrThatDoNotMix) {
  for (
      const char* net :
      {// A convolution follows.
       R"(net (float[1,3,8,8] x) => (float[1,1,8,8] y) <float[3,3,1,1] w = {-0.06, -0.51, 0.09, 0.15, -0.97, -0.57, -0.44, 0.83, 0.53}, float f = {320.0}, float[1,6,1,1] v = {1.0, 1.0, 1.0, 1.0, 1.0, 1.0}> {
           a = Conv(x, w)  s = Sigmoid(a)  b = Mul(s, f)  c = Concat <axis = 1> (b, s)  y = Conv(c, v) })",
       // Both from 0 to 1.
       R"(net (float[1,3,8,8] x) => (float[1,6,8,8] y) <float[3,3,1,1] w = {-0.06, -0.51, 0.09, 0.15, -0.97, -0.57, -0.44, 0.83, 0.53}> {
           a = Conv(x, w)  s = Sigmoid(a)  b = Conv(s, w)  t = Sigmoid(b)  y = Concat <axis = 1> (s, t) })"}) {
    auto model = typed_model(net);
    auto split = quantized_with(*model, {{"split-mixed-ranges"}});
    ASSERT_TRUE(split) << split.error().message;
    EXPECT_EQ(split->recovery[0].places, 0U);
    EXPECT_TRUE(split->kept_float.empty());
  }
}

TEST(SplitMixedRanges, EnginesThatJoinInFloatNeedNothing) {
  auto model = typed_model(kDetector);
  QuantizeOptions options;
  options.recover = std::vector<std::string>{"split_mixed_ranges"};
  auto quantized = quantize_model(*model, runtime(), 4, noise_samples({1, 3, 8, 8}), options);
  ASSERT_TRUE(quantized) << quantized.error().message;
  EXPECT_EQ(quantized->recovery[0].places, 0U);
}

}  // namespace
}  // namespace acuate
