#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[batch, 3, h, w] x, float[batch, 2] s) => (float[batch, 3, 5, w] y) <float[batch, 3, h, w] r> {
    r = Relu (x)
    y = Resize (r, , s)
  })";

TEST(SetShape, DeclaresTheInputAndDropsStaleTypes) {
  EXPECT_EQ(edited(kModel, "set-shape x 1 3 640 w2"), normalised(R"(
    agraph (float[1, 3, 640, w2] x, float[batch, 2] s) => (float[batch, ?, ?, w] y) {
      r = Relu (x)
      y = Resize (r, , s)
    })"));
}

TEST(SetShape, TypesAreInferredWhenTheScriptIsDone) {
  EditContext context;
  context.infer = true;
  EditSession session(text_model(kModel), context);
  ASSERT_TRUE(session.run("set-shape x 1 3 h 8\nset-shape x 1 3 8 8"));
  EXPECT_EQ(session.model().graph().find("r")->type.text(), "float32[1, 3, 8, 8]");
  EXPECT_EQ(session.inferred_nodes(), 2U);
}

TEST(SetShape, SaysWhereTheSameNameStays) {
  Journal journal;
  edited(kModel, "set-shape x 1 3 8 8", {}, &journal);
  ASSERT_EQ(journal.size(), 1U);
  ASSERT_EQ(journal[0].notes.size(), 1U);
  EXPECT_EQ(journal[0].notes[0],
            "dimension 'batch' stays in input 's'; set-dim sets it everywhere");
}

TEST(SetShape, AFixedNumberMayBecomeDynamic) {
  EXPECT_THAT(edited(kModel, "set-shape x batch ? h w"), HasSubstr("float[batch,?,h,w] x"));
}

TEST(SetShape, ContradictionsNameBothNumbers) {
  EXPECT_EQ(
      refusal(kModel, "set-shape x 1 4 8 8"),
      "line 1, column 15: set-shape: found 4 for dimension 1 of 'x', which the model fixes to 3; "
      "expected 3, or a name or '?' to make it dynamic");
  EXPECT_EQ(
      refusal(kModel, "set-shape x 1 3 8"),
      "line 1, column 1: set-shape: found 3 dimensions for 'x', which is float32[batch, 3, h, w]; "
      "expected 4");
  EXPECT_THAT(refusal(kModel, "set-shape x 0 3 8 8"),
              HasSubstr("column 13: set-shape: found the dimension 0"));
  EXPECT_THAT(refusal(kModel, "set-shape x 1.5 3 8 8"), HasSubstr("found the dimension '1.5'"));
  EXPECT_THAT(refusal(kModel, "set-shape q 1 3 8 8"),
              HasSubstr("there is no input 'q'; there are: x, s"));
}

TEST(SetShape, OfAnOutputThatNothingIsKnownOf) {
  const char* own = "agraph (float[N] x) => (float y) { y = com.microsoft.Own (x) }";
  EXPECT_THAT(edited(own, "set-shape y 2 n"), HasSubstr("float[2,n] y"));
  EXPECT_THAT(refusal(own, "set-shape y 0"), HasSubstr("found the dimension 0"));
}

}  // namespace
}  // namespace acuate
