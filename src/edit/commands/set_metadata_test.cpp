#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = "agraph (float[N] x) => (float[N] y) { y = Relu (x) }";

TEST(SetMetadata, AddsAndReplaces) {
  const auto model = text_model(kModel);
  const auto result =
      apply_script(*model, "set-metadata a 1\nset-metadata a \"2 3\"\nset-metadata b x", {});
  ASSERT_TRUE(result);
  const auto& metadata = (*result)->metadata();
  ASSERT_EQ(metadata.size(), 2U);
  EXPECT_EQ(metadata[0].second, "2 3");
  EXPECT_EQ(metadata[1].first, "b");
  EXPECT_TRUE(model->metadata().empty());
}

TEST(SetMetadata, OfANode) {
  const auto model = text_model("g (float[N] x) => (float[N] y) { [n] y = Relu (x) }");
  const std::string script = "set-metadata a 1 n\nset-metadata a 2 n";
  const auto result = apply_script(*model, script, {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ((*result)->graph().first()->metadata("a"), "2");
  EXPECT_TRUE((*result)->metadata().empty());
  expect_undone(*model, script, {}, bytes_of(**result));
  EXPECT_THAT(refusal(kModel, "set-metadata a 1 n"), HasSubstr("there is no node 'n'"));
}

TEST(SetMetadata, NeedsAKeyAndAValue) {
  EXPECT_THAT(refusal(kModel, "set-metadata \"\" x"), HasSubstr("empty key"));
  EXPECT_THAT(refusal(kModel, "set-metadata a"),
              HasSubstr("found 1 arguments of 'set-metadata'; expected: set-metadata KEY VALUE"));
}

}  // namespace
}  // namespace acuate
