#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "numeric/quantize_values.h"
#include "numeric/scheme.h"

namespace acuate {
namespace {

const Scheme& dfp8() { return *schemes().lookup("dfp8"); }

TEST(Dfp8, TheScaleIsTheNextPowerOfTwo) {
  EXPECT_EQ(dfp8().from_range(-3, 2.5).scale.at(0), 0x1p-5F);  // fl = 7 − 2
  EXPECT_EQ(dfp8().from_range(0, 0.3).scale.at(0), 0x1p-8F);   // fl = 7 + 1
  EXPECT_EQ(dfp8().from_range(-1000, 0).scale.at(0), 8);       // fl = 7 − 10
  EXPECT_EQ(dfp8().from_range(0, 0).scale.at(0), 0x1p-7F);
  const Quantization q = dfp8().from_range(-3, 2.5);
  EXPECT_EQ(q.zero_point.at(0), 0);
  EXPECT_EQ(q.lowest(), -128);
  EXPECT_EQ(q.highest(), 127);
  EXPECT_TRUE(check_quantization(q));
}

TEST(Dfp8, AnExactPowerOfTwoIsClippedByOneStepOrTakesTheCoarserGrid) {
  const Quantization fine = dfp8().from_range(0, 4);
  EXPECT_EQ(fine.scale.at(0), 0x1p-5F);
  EXPECT_LT(static_cast<float>(fine.highest()) * fine.scale[0], 4);
  const auto coarse = dfp8().unclipped(0, 4);
  ASSERT_TRUE(coarse);
  EXPECT_EQ(coarse->scale.at(0), 0x1p-4F);
  EXPECT_FALSE(dfp8().unclipped(-3, 3.9));
  EXPECT_FALSE(dfp8().unclipped(0, 0));
  EXPECT_FALSE(schemes().lookup("s8")->unclipped(0, 4));
  // Of a tensor by what errs less: a mask of ones is exact on the coarse grid, a ramp wants the
  // fine one.
  const Tensor mask = Tensor::of<float>({4}, {0, 1, 1, 0});
  EXPECT_EQ(quantization_of(mask, dfp8(), -1, false)->scale.at(0), 0x1p-6F);
  std::vector<float> ramp;
  for (int i = 0; i <= 1000; ++i) ramp.push_back(static_cast<float>(i) / 1000);
  EXPECT_EQ(
      quantization_of(Tensor::of<float>({1001}, std::span<const float>(ramp)), dfp8(), -1, false)
          ->scale.at(0),
      0x1p-7F);
}

TEST(Dfp8, DegenerateRangesGiveAUsableScale) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double cases[][2] = {{0, 1e-45}, {0, 1e300}, {-infinity, infinity}, {std::nan(""), 1}};
  for (const auto& [min, max] : cases) {
    const Quantization q = dfp8().from_range(min, max);
    EXPECT_TRUE(check_quantization(q)) << min << " " << max;
    EXPECT_TRUE(std::isfinite(q.scale.at(0) * 128)) << min << " " << max;
    EXPECT_TRUE(std::isfinite(1 / q.scale.at(0))) << min << " " << max;
  }
}

TEST(Dfp8, TheCheckRefusesOtherScales) {
  Quantization q = dfp8().from_range(-1, 1);
  q.scale = {0.75F};
  EXPECT_EQ(check_quantization(q).error().message,
            "scale[0] is 0.75; scheme dfp8 takes powers of two");
}

}  // namespace
}  // namespace acuate
