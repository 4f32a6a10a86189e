#include "base/check.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

std::string counted_message(int& calls) {
  ++calls;
  return "the reason";
}

TEST(Check, EvaluatesTheMessageOnlyOnFailure) {
  int calls = 0;
  ACUATE_CHECK(calls == 0, counted_message(calls));
  EXPECT_EQ(calls, 0);
  try {
    ACUATE_CHECK(calls == 1, counted_message(calls));
    FAIL() << "a check that does not hold returned";
  } catch (const InternalError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("check_test.cpp"), std::string::npos);
    EXPECT_NE(text.find("calls == 1"), std::string::npos);
    EXPECT_NE(text.find("the reason"), std::string::npos);
  }
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace acuate
