#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel =
    "agraph (float[N] x) => (float[N] y) { [relu] h = Relu (x)  y = Neg (h) }";

TEST(Apply, RunsThePassOnInferredTypes) {
  EditContext context;
  context.infer = true;
  context.apply_pass = [&](Model& model, std::string_view id,
                           ShapeInference* shapes) -> Result<std::string> {
    EXPECT_EQ(shapes->type(*model.graph().find("h"))->text(), "float32[N]");
    if (id != "rename") return fail("there is no pass '{}'; there are: rename", id);
    model.graph().first()->set_name("renamed");
    return std::string("renamed 1 node");
  };
  Journal journal;
  EXPECT_THAT(edited(kModel, "apply rename", context, &journal), HasSubstr("[renamed]"));
  EXPECT_EQ(journal.at(0).notes.at(0), "renamed 1 node");
  EXPECT_EQ(refusal(kModel, "apply nothing", context),
            "line 1, column 7: apply: there is no pass 'nothing'; there are: rename");
}

TEST(Apply, HandsOnTheNodes) {
  EditContext context;
  context.apply_pass = [](Model&, std::string_view words, ShapeInference*) -> Result<std::string> {
    EXPECT_EQ(words, "legalize-relu relu \"@y\"");
    return std::string();
  };
  edited(kModel, "apply legalize-relu relu \"@y\"", context);
  EXPECT_THAT(refusal(kModel, "apply legalize-relu rela", context),
              HasSubstr("line 1, column 21: apply: "));
}

TEST(Apply, NeedsPasses) {
  EXPECT_THAT(refusal(kModel, "apply rename"), HasSubstr("passes cannot be run from here"));
}

}  // namespace
}  // namespace acuate
