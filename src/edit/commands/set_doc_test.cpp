#include <gmock/gmock.h>

#include "edit/documentation.h"
#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = "g (float[2] x) => (float[2] y) { [n] y = Neg(x) }";

TEST(SetDoc, OfTheModelAndOfANode) {
  const auto model = text_model(kModel);
  const std::string script = "set-doc old\nset-doc \"a model\"\nset-doc \"a node\" n";
  const auto made = apply_script(*model, script, {});
  ASSERT_TRUE(made) << made.error().message;
  expect_undone(*model, script, {}, bytes_of(**made));
  EXPECT_EQ(documentation(**made), "a model");
  EXPECT_EQ(documentation(*(*made)->graph().first()), "a node");
  const auto bare = apply_script(**made, "set-doc \"\"\nset-doc \"\" n", {});
  ASSERT_TRUE(bare) << bare.error().message;
  EXPECT_EQ(documentation(**bare), "");
  EXPECT_EQ(documentation(*(*bare)->graph().first()), "");
}

TEST(SetDoc, RefusesANodeThatIsNotThere) {
  EXPECT_THAT(refusal(kModel, "set-doc text m"), HasSubstr("there is no node 'm'"));
}

}  // namespace
}  // namespace acuate
