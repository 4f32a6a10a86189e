#include <gtest/gtest.h>

#include "numeric/scheme.h"

namespace acuate {
namespace {

const Scheme& dfp16() { return *schemes().lookup("dfp16"); }

TEST(Dfp16, TheScaleIsTheNextPowerOfTwo) {
  const Quantization q = dfp16().from_range(-3, 2.5);
  EXPECT_EQ(q.scale.at(0), 0x1p-13F);  // fl = 15 − 2
  EXPECT_EQ(q.element_type(), ElementType::Int16);
  EXPECT_EQ(dfp16().from_range(0, 0).scale.at(0), 0x1p-15F);
  EXPECT_TRUE(check_quantization(q));
}

TEST(Dfp16, RefusesAZeroPoint) {
  Quantization q = dfp16().from_range(-1, 1);
  q.zero_point = {1};
  EXPECT_FALSE(check_quantization(q));
}

}  // namespace
}  // namespace acuate
