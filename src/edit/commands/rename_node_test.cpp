#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x) => (float[N] z) { [first] y = Relu (x)  [second] z = Neg (y) })";

TEST(RenameNode, ByNameAndByOutput) {
  EXPECT_EQ(edited(kModel, "rename-node first stem\nrename-node @z \"the head\""), [] {
    const auto model = text_model(kModel);
    model->graph().first()->set_name("stem");
    model->graph().last()->set_name("the head");
    return to_text(*model);
  }());
}

TEST(RenameNode, SeveralNodesMayHaveNone) {
  EXPECT_EQ(edited(kModel, "rename-node first \"\"\nrename-node second \"\""), [] {
    const auto model = text_model(kModel);
    model->graph().first()->set_name("");
    model->graph().last()->set_name("");
    return to_text(*model);
  }());
}

TEST(RenameNode, TakenNamesAreRefused) {
  EXPECT_EQ(
      refusal(kModel, "rename-node first second"),
      "line 1, column 19: rename-node: found the name 'second', which a Neg in the same graph "
      "has; expected one that is free");
  EXPECT_THAT(refusal(kModel, "rename-node frist a"), HasSubstr("did you mean 'first'?"));
  EXPECT_EQ(edited(kModel, "rename-node first first"), normalised(kModel));
}

}  // namespace
}  // namespace acuate
