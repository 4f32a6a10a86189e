#include <gtest/gtest.h>

#include "numeric/scheme.h"

namespace acuate {
namespace {

TEST(S16, ScaleIsTheLargestMagnitudeOver32767) {
  const Quantization q = schemes().lookup("s16")->from_range(-32.767, 1);
  EXPECT_FLOAT_EQ(q.scale.at(0), 0.001f);
  EXPECT_EQ(q.zero_point.at(0), 0);
  EXPECT_EQ(q.lowest(), -32768);
  EXPECT_EQ(q.highest(), 32767);
  EXPECT_EQ(q.element_type(), ElementType::Int16);
  EXPECT_TRUE(check_quantization(q));
}

TEST(S16, RefusesAnAsymmetricZeroPoint) {
  Quantization q = schemes().lookup("s16")->from_range(-1, 1);
  q.zero_point = {1};
  EXPECT_FALSE(check_quantization(q));
}

}  // namespace
}  // namespace acuate
