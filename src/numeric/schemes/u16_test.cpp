#include <gtest/gtest.h>

#include "numeric/scheme.h"

namespace acuate {
namespace {

TEST(U16, CoversTheRangeWithZeroOnTheGrid) {
  const Quantization q = schemes().lookup("u16")->from_range(-10, 55.535);
  EXPECT_FLOAT_EQ(q.scale.at(0), 0.001f);
  EXPECT_EQ(q.zero_point.at(0), 10000);
  EXPECT_EQ(q.highest(), 65535);
  EXPECT_EQ(q.element_type(), ElementType::Uint16);
  EXPECT_TRUE(check_quantization(q));
}

TEST(U16, RefusesAZeroPointOffTheGrid) {
  Quantization q = schemes().lookup("u16")->from_range(-1, 1);
  q.zero_point = {65536};
  EXPECT_FALSE(check_quantization(q));
}

}  // namespace
}  // namespace acuate
