#include <algorithm>
#include <set>

#include "quantize/output_noise.h"
#include "quantize/quantize.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

// The difference of two channels that are nearly alike: their errors are loud at the output.
constexpr const char* kNet = R"(net (float[1,1,8,8] x) => (float[1,1,8,8] y)
    <float[2,1,1,1] w = {1.0, 0.9}, float[1,2,1,1] v = {10.0, -10.0}> { c = Conv(x, w)  y = Conv(c, v) })";

Result<Quantized> quantized(const Model& model, const std::string& scheme, const std::string& range,
                            size_t samples = 6) {
  QuantizeOptions options;
  options.request.scheme = scheme;
  options.range = range;
  return quantize_model(model, runtime(), samples, noise_samples({1, 1, 8, 8}), options);
}

std::set<std::string> schemes_of(const std::vector<GridOutcome>& grids) {
  std::set<std::string> found;
  for (const GridOutcome& grid : grids) found.insert(grid.scheme);
  return found;
}

TEST(ChooseGrids, TriesSchemesAndRangesThatNobodyNamed) {
  auto model = typed_model(kNet);
  auto open = quantized(*model, "", "");
  ASSERT_TRUE(open) << open.error().message;
  EXPECT_EQ(schemes_of(open->grids), (std::set<std::string>{"s8", "u8"}));
  const auto used = std::find_if(open->grids.begin(), open->grids.end(),
                                 [](const GridOutcome& grid) { return grid.used; });
  ASSERT_NE(used, open->grids.end());
  EXPECT_EQ(std::count_if(open->grids.begin(), open->grids.end(),
                          [](const GridOutcome& grid) { return grid.used; }),
            1);
  const TensorEncoding* x = open->encodings.find("x");
  ASSERT_NE(x, nullptr);
  EXPECT_EQ(x->range_method, used->range);
  EXPECT_EQ(x->quantization.scheme, used->scheme);
  for (const GridOutcome& grid : open->grids) {
    EXPECT_GT(grid.noise, 0) << grid.range;
    EXPECT_LE(used->noise * 0.79, grid.noise) << grid.range;  // but for what is chance
  }
}

TEST(ChooseGrids, KeepsWhatIsNamed) {
  auto model = typed_model(kNet);
  auto scheme = quantized(*model, "s8", "");
  ASSERT_TRUE(scheme) << scheme.error().message;
  EXPECT_EQ(schemes_of(scheme->grids), std::set<std::string>{"s8"});
  auto range = quantized(*model, "", "minmax");
  ASSERT_TRUE(range) << range.error().message;
  EXPECT_TRUE(range->grids.empty());
  EXPECT_EQ(range->encodings.find("x")->range_method, "minmax");
}

TEST(ChooseGrids, WideGridsNeedNoTrial) {
  auto model = typed_model(kNet);
  auto wide = quantized(*model, "s16", "");
  ASSERT_TRUE(wide) << wide.error().message;
  EXPECT_TRUE(wide->grids.empty());
  EXPECT_EQ(wide->encodings.find("x")->range_method, "mse");
}

TEST(ChooseGrids, AHybridTakesTheFirst) {
  auto model = typed_model(kNet);
  QuantizeOptions options;
  options.hybrid = "s16";
  options.hybrid_share = 0.5;
  auto hybrid = quantize_model(*model, runtime(), 4, noise_samples({1, 1, 8, 8}), options);
  ASSERT_TRUE(hybrid) << hybrid.error().message;
  EXPECT_TRUE(hybrid->grids.empty());
}

TEST(ChooseGrids, OneSampleIsEnough) {
  auto model = typed_model(kNet);
  auto one = quantized(*model, "", "", 1);
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_FALSE(one->grids.empty());
}

// A few per cent of a scale can be decibels at the outputs.
TEST(ChooseGrids, TriesTheRangesThatAreEmitted) {
  auto model = typed_model(kNet);
  QuantizeOptions options;
  options.recover = {"auto"};
  const SampleLoader load = noise_samples({1, 1, 8, 8});
  auto made = quantize_model(*model, runtime(), 9, load, options);
  ASSERT_TRUE(made) << made.error().message;
  options.recover = std::vector<std::string>{};
  auto plain = quantize_model(*model, runtime(), 9, load, options);
  ASSERT_TRUE(plain) << plain.error().message;
  const SampleSubset judged{{1, 3, 5, 7}, load};
  auto noise = OutputNoise::of(*model, runtime(), judged, 1);
  ASSERT_TRUE(noise) << noise.error().message;
  const auto used = std::find_if(plain->grids.begin(), plain->grids.end(),
                                 [](const GridOutcome& grid) { return grid.used; });
  ASSERT_NE(used, plain->grids.end());
  EXPECT_NEAR(*noise->typical(*plain->model), used->noise, 1e-9);
  ASSERT_EQ(made->grids.size(), plain->grids.size());
  for (size_t i = 0; i < made->grids.size(); ++i)
    EXPECT_NEAR(made->grids[i].noise, plain->grids[i].noise, 1e-9);
}

}  // namespace
}  // namespace acuate
