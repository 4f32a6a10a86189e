#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = "agraph (float[N] x) => (float[N] y) { y = Relu (x) }";

TEST(RemoveMetadata, TakesTheEntry) {
  const auto model = text_model(kModel);
  const auto result =
      apply_script(*model, "set-metadata a 1\nset-metadata b 2\nremove-metadata a", {});
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ((*result)->metadata().size(), 1U);
  EXPECT_EQ((*result)->metadata()[0].first, "b");
}

TEST(RemoveMetadata, OfANode) {
  const auto model = text_model("g (float[N] x) => (float[N] y) { [n] y = Relu (x) }");
  const std::string script = "set-metadata a 1 n\nset-metadata b 2 n\nremove-metadata a n";
  const auto result = apply_script(*model, script, {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ((*result)->graph().first()->metadata().size(), 1U);
  expect_undone(*model, script, {}, bytes_of(**result));
}

TEST(RemoveMetadata, NamesWhatThereIs) {
  EXPECT_THAT(refusal(kModel, "set-metadata a 1\nremove-metadata b"),
              HasSubstr("there is no entry 'b'; there are: a"));
}

}  // namespace
}  // namespace acuate
