#include "numeric/wide_sum.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(WideSum, KeepsWhatDoublesLose) {
  WideSum sum;
  sum.add(0x1p+250);
  sum.add(1);
  sum.add(0x1p-298);
  sum.add(-0x1p+250);
  sum.add(-1);
  EXPECT_EQ(sum.value(), 0x1p-298);
  sum.add(-0x1p-298);
  EXPECT_EQ(sum.value(), 0);
  EXPECT_EQ(sum, WideSum());
}

TEST(WideSum, RoundsOnceHalfToEven) {
  WideSum sum;
  sum.add(0x1p53);
  sum.add(1);
  EXPECT_EQ(sum.value(), 0x1p53);  // a tie goes to the even neighbour
  sum.add(0x1p-200);
  EXPECT_EQ(sum.value(), 0x1p53 + 2);  // anything above the tie goes up
  WideSum negative;
  negative.add(-0x1p53);
  negative.add(-3);
  EXPECT_EQ(negative.value(), -(0x1p53 + 4));
}

TEST(WideSum, EqualsLongDoubleOnIntegers) {
  std::mt19937_64 random(7);
  WideSum sum;
  __int128 expected = 0;
  for (int i = 0; i < 10000; ++i) {
    const auto value = static_cast<int64_t>(random() >> 12) - (int64_t{1} << 51);
    sum.add(static_cast<double>(value));
    expected += value;
  }
  EXPECT_EQ(sum.value(), static_cast<double>(expected));
}

TEST(WideSum, MergesAndRoundTrips) {
  WideSum a;
  WideSum b;
  a.add(-1.5);
  a.add(0x1p-149);
  b.add(3.25);
  WideSum ab = a;
  ab.merge(b);
  WideSum ba = b;
  ba.merge(a);
  EXPECT_EQ(ab, ba);
  EXPECT_EQ(ab.value(), 1.75);
  EXPECT_EQ(WideSum::from_words(ab.words()), ab);
}

TEST(WideSum, RefusesWhatIsNotANumber) {
  WideSum sum;
  EXPECT_ANY_THROW(sum.add(std::numeric_limits<double>::infinity()));
  EXPECT_ANY_THROW(sum.add(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_ANY_THROW(sum.add(0x1p-301));
}

}  // namespace
}  // namespace acuate
