#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = "g (float[2] x) => (float[2] y) { y = Neg(x) }";

TEST(SetProducer, NameAndVersion) {
  const std::string made = edited(kModel, "set-producer \"my tool\" 1.0\nset-producer pytorch 2.1");
  EXPECT_THAT(made, HasSubstr("producer_name: \"pytorch\""));
  EXPECT_THAT(made, HasSubstr("producer_version: \"2.1\""));
}

TEST(SetProducer, GoesWhereItIsEmpty) {
  const auto model = text_model(kModel);
  const auto made = apply_script(*model, "set-producer a 1\nset-producer \"\"", {});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ((*made)->producer_name(), "");
  EXPECT_EQ((*made)->producer_version(), "");
  EXPECT_THAT(refusal(kModel, "set-producer a b c"), HasSubstr("found 3 arguments"));
}

}  // namespace
}  // namespace acuate
