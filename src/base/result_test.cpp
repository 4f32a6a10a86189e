#include "base/result.h"

#include <memory>

#include <gtest/gtest.h>

namespace acuate {
namespace {

Result<std::unique_ptr<int>> half(int number) {
  if (number % 2 != 0) return fail("{} is odd; expected an even number", number);
  return std::make_unique<int>(number / 2);
}

TEST(Result, HoldsAMoveOnlyValue) {
  auto result = half(6);
  ASSERT_TRUE(result);
  EXPECT_EQ(**result, 3);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 3);
}

TEST(Result, HoldsAnError) {
  const auto result = half(5);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "5 is odd; expected an even number");
}

TEST(Result, ReadingTheWrongSideIsOurBugAndCarriesTheMessage) {
  const auto failed = half(5);
  try {
    static_cast<void>(failed.value());
    FAIL() << "value() of a failed Result returned";
  } catch (const InternalError& error) {
    EXPECT_NE(std::string(error.what()).find("5 is odd"), std::string::npos);
  }
  EXPECT_THROW(static_cast<void>(half(6).error()), InternalError);
}

TEST(Result, VoidHoldsOnlyTheError) {
  const Result<void> done;
  EXPECT_TRUE(done);
  EXPECT_NO_THROW(done.value());
  EXPECT_THROW(static_cast<void>(done.error()), InternalError);
  const Result<void> failed = fail("disk full");
  EXPECT_FALSE(failed);
  EXPECT_THROW(failed.value(), InternalError);
}

}  // namespace
}  // namespace acuate
