#include "edit/session.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x, bool c) => (float[N] z) <float[1] w = {2.0}> {
    [a] y = Relu (x)
    [b] z = If (c) <
      then_branch = t () => (float[N] p) { p = Mul (y, w) },
      else_branch = e () => (float[N] q) { q = local.f (y) }>
  }
  <domain: "local", opset_import: ["" : 17]>
  f (i) => (o) { m = Neg (i)  o = Exp (m) })";

std::vector<std::string> commands_of(const Journal& journal) {
  std::vector<std::string> out;
  for (const JournalEntry& entry : journal)
    out.push_back(std::to_string(entry.line) + ": " + entry.command);
  return out;
}

TEST(EditSession, StepsAreTakenBackAndDoneAgain) {
  EditSession session(text_model(kModel), {});
  const std::string first = bytes_of(session.model());
  EXPECT_FALSE(session.can_undo());
  EXPECT_EQ(session.undo().error().message, "there is nothing to undo");
  ASSERT_TRUE(session.run("rename-node a first\n\nrename-value y inner # why"));
  const std::string second = bytes_of(session.model());
  ASSERT_TRUE(session.run("rename-node b::then_branch::@p times"));
  const std::string third = bytes_of(session.model());
  EXPECT_THAT(commands_of(session.journal()),
              testing::ElementsAre("1: rename-node a first", "2: rename-value y inner",
                                   "3: rename-node b::then_branch::@p times"));
  ASSERT_TRUE(session.undo());
  EXPECT_EQ(bytes_of(session.model()), second);
  ASSERT_TRUE(session.undo());
  EXPECT_EQ(bytes_of(session.model()), first);
  EXPECT_FALSE(session.can_undo());
  ASSERT_TRUE(session.redo());
  EXPECT_EQ(bytes_of(session.model()), second);
  ASSERT_TRUE(session.redo());
  EXPECT_EQ(bytes_of(session.model()), third);
  EXPECT_FALSE(session.can_redo());
  EXPECT_EQ(session.journal().size(), 3U);
}

TEST(EditSession, CommentsAreNoStep) {
  EditSession session(text_model(kModel), {});
  ASSERT_TRUE(session.run("# nothing\n"));
  EXPECT_FALSE(session.can_undo());
  EXPECT_EQ(session.script(), "");
}

TEST(EditSession, AFailedStepLeavesTheModelAsItWas) {
  EditSession session(text_model(kModel), {});
  ASSERT_TRUE(session.run("rename-node a first"));
  const std::string before = bytes_of(session.model());
  ASSERT_TRUE(session.run("rename-node first second"));
  ASSERT_TRUE(session.undo());
  const auto refused =
      session.run("rename-value y inner\nrename-node b::else_branch::@q @\nrename-node no x");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("line 3, column 13: rename-node: there is no"));
  EXPECT_FALSE(session.run("rename-node \"a"));
  EXPECT_EQ(bytes_of(session.model()), before);
  EXPECT_EQ(session.script(), "rename-node a first\n");
  // What was undone can still be done again.
  EXPECT_TRUE(session.can_redo());
  ASSERT_TRUE(session.redo());
  EXPECT_EQ(session.script(), "rename-node a first\nrename-node first second\n");
}

TEST(EditSession, ANewStepForgetsWhatWasUndone) {
  EditSession session(text_model(kModel), {});
  ASSERT_TRUE(session.run("rename-node a first"));
  ASSERT_TRUE(session.undo());
  ASSERT_TRUE(session.run("rename-node a other"));
  EXPECT_FALSE(session.can_redo());
  EXPECT_EQ(session.redo().error().message, "there is nothing to redo");
}

TEST(EditSession, AFailureOfOursTakesTheStepBackToo) {
  EditContext context;
  context.apply_pass = [](Model& model, std::string_view) -> Result<std::string> {
    model.graph().first()->set_name("half done");
    throw InternalError("a bug");
  };
  EditSession session(text_model(kModel), context);
  const std::string before = bytes_of(session.model());
  EXPECT_THROW((void)session.run("apply anything"), InternalError);
  EXPECT_EQ(bytes_of(session.model()), before);
}

// Types are inferred for the viewer after each step, but once for a script: both write the same.
TEST(EditSession, StepsAreWrittenAsOneScript) {
  int calls = 0;
  EditContext context;
  context.infer = [&](Model& model) {
    ++calls;
    Value& output = *model.graph().outputs()[0];
    ValueType type = output.type;
    // A dimension that this inference fixes forgets its name.
    for (Dim& dim : *type.shape)
      if ((*model.graph().inputs()[0]->type.shape)[0].is_known()) dim = {7, {}};
    model.graph().set_type(output, type);
  };
  const auto model = text_model(kModel);
  EditSession session(model->clone(), context);
  ASSERT_TRUE(session.run("set-shape x 3"));
  EXPECT_EQ(session.model().graph().outputs()[0]->type.text(), "float32[7]");
  ASSERT_TRUE(session.run("set-shape x N"));
  EXPECT_EQ(session.model().graph().outputs()[0]->type.text(), "float32[N]");
  EXPECT_EQ(calls, 2);
  const auto replayed = apply_script(*model, session.script(), context);
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(bytes_of(**replayed), bytes_of(session.model()));
}

TEST(ModelHistory, ExchangedModelsComeBack) {
  ModelHistory history(text_model(kModel), ModelHistory::Undo::Yes);
  const Model* original = &history.model();
  const auto start = history.mark();
  const std::string before = bytes_of(history.model());
  history.model().graph().first()->set_name("renamed");
  const auto middle = history.mark();
  const std::string renamed = bytes_of(history.model());
  history.replace(history.model().clone());
  EXPECT_NE(&history.model(), original);
  history.model().graph().first()->set_name("renamed again");
  history.replace(history.model().clone());
  history.undo_to(middle);
  EXPECT_EQ(&history.model(), original);
  EXPECT_EQ(bytes_of(history.model()), renamed);
  history.undo_to(start);
  EXPECT_EQ(bytes_of(history.model()), before);
}

TEST(Functions, AreEditedByScript) {
  const std::string after = edited(kModel,
                                   "rename-value function:local:f::m negated\n"
                                   "rename-node function:local:f::@negated minus\n"
                                   "rename-value function:local:f::o result\n");
  EXPECT_THAT(after, HasSubstr("negated = Neg (i)"));
  EXPECT_THAT(after, HasSubstr("result = Exp (negated)"));
  EXPECT_THAT(edited(kModel, "bypass-node function:local:f::@m"), HasSubstr("o = Exp (i)"));
}

}  // namespace
}  // namespace acuate
