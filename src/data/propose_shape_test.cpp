#include "data/propose_shape.h"

#include <cmath>

#include <gtest/gtest.h>

namespace acuate {
namespace {

// A4 at 120 dpi, portrait: 992x1403 scaled to 679x960, rounded to 672x960.
TEST(ProposeShapes, RanksByHowManyImagesAsk) {
  const std::vector<ImageSize> images = {{992, 1403}, {992, 1403}, {1403, 992}};
  const auto candidates = propose_shapes(images);
  ASSERT_EQ(candidates.size(), 3u);
  EXPECT_EQ(candidates[0].size, (ImageSize{672, 960}));
  EXPECT_EQ(candidates[0].samples, 2u);
  EXPECT_EQ(candidates[1].size, (ImageSize{960, 672}));
  // The one that holds all, asked for by none.
  EXPECT_EQ(candidates[2].size, (ImageSize{960, 960}));
  EXPECT_EQ(candidates[2].samples, 0u);
  EXPECT_DOUBLE_EQ(candidates[2].fits_fraction, 1);
  // 679 does not fit into 672.
  EXPECT_DOUBLE_EQ(candidates[0].fits_fraction, 0);
}

TEST(ProposeShapes, StatesAspectChangeAndPadding) {
  const std::vector<ImageSize> images = {{64, 32}};
  const auto candidates = propose_shapes(images, 64, 640);
  ASSERT_EQ(candidates.size(), 1u);
  EXPECT_EQ(candidates[0].size, (ImageSize{64, 64}));
  EXPECT_DOUBLE_EQ(candidates[0].fits_fraction, 1);
  EXPECT_NEAR(candidates[0].mean_aspect_change, std::log(2.0), 1e-12);
  EXPECT_DOUBLE_EQ(candidates[0].padded_fraction, 0.5);
}

TEST(ProposeShapes, NeverEnlargesAndNeverVanishes) {
  EXPECT_EQ(propose_shapes(std::vector<ImageSize>{{3, 500}}, 32, 960)[0].size,
            (ImageSize{32, 512}));
  EXPECT_TRUE(propose_shapes({}).empty());
}

}  // namespace
}  // namespace acuate
