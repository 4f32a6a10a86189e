#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

std::string two_casts(const char* from, const char* to, int between, int last) {
  return fmt::format(
      "g ({}[N] x) => ({}[N] y) {{ a = Cast<to = {}>(x)  b = Cast<to = {}>(a)  y = Identity(b) }}",
      from, to, between, last);
}

TEST(MergeCasts, DetoursGo) {
  for (const auto& [from, to, between, last, left] :
       {std::tuple("float", "float", 11, 1, 0), std::tuple("bool", "bool", 7, 9, 0),
        std::tuple("float", "float16", 11, 10, 1), std::tuple("int32", "float", 7, 1, 1),
        std::tuple("uint8", "int64", 6, 7, 1), std::tuple("int32", "bool", 11, 9, 1),
        std::tuple("uint8", "uint8", 16, 2, 0)}) {
    auto model = text_model(two_casts(from, to, between, last));
    EXPECT_EQ(apply("merge_casts", *model).applied, 1U) << from << between << to;
    EXPECT_EQ(model->graph().node_count(), static_cast<size_t>(left) + 1) << from << between << to;
  }
}

TEST(MergeCasts, WhatLosesValuesStays) {
  for (const auto& [from, to, between, last] :
       {std::tuple("int64", "int64", 6, 7), std::tuple("float", "float", 10, 1),
        std::tuple("int32", "int32", 1, 6), std::tuple("int8", "int16", 2, 5),
        std::tuple("int32", "int8", 11, 3), std::tuple("float", "int32", 11, 6),
        std::tuple("int64", "float", 11, 1)}) {
    auto model = text_model(two_casts(from, to, between, last));
    const auto outcome = apply("merge_casts", *model);
    EXPECT_EQ(outcome.applied, 0U) << from << between << to;
    ASSERT_EQ(outcome.misses.size(), 1U);
    EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("may change values"));
  }
}

}  // namespace
}  // namespace acuate
