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
  context.apply_pass = [](Model& model, std::string_view, ShapeInference*) -> Result<std::string> {
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
  EditContext context;
  context.infer = true;
  const auto model = text_model(R"(agraph (float[N] x, float[4] s) => (float[rows, 1] z) {
    y = Relu (x)  n = Shape (y)  one = Constant <value_ints = [1]> ()
    to = Concat <axis = 0> (n, one)  z = Reshape (y, to) })");
  EditSession session(model->clone(), context);
  ASSERT_TRUE(session.run("set-shape x 3"));
  EXPECT_EQ(session.model().graph().outputs()[0]->type.text(), "float32[3, 1]");
  // The name that the model gives to the output's dimension is not forgotten by the step between.
  ASSERT_TRUE(session.run("set-shape x ?"));
  EXPECT_EQ(session.model().graph().outputs()[0]->type.text(), "float32[rows, 1]");
  const auto replayed = apply_script(*model, session.script(), context);
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(bytes_of(**replayed), bytes_of(session.model()));
}

// A chain of blocks Relu → Neg; the last node is `last`.
std::unique_ptr<Model> chain_model(size_t nodes) {
  std::string text = "agraph (float[N] x) => (float[N] z) {\n";
  std::string before = "x";
  for (size_t i = 1; i < nodes; ++i) {
    const std::string value = "v" + std::to_string(i);
    text += value + (i % 2 == 0 ? " = Neg (" : " = Relu (") + before + ")\n";
    before = value;
  }
  return text_model(text + "[last] z = Softmax <axis = 0> (" + before + ") }");
}

TEST(EditSession, OnlyWhatAnEditReachesIsInferredAgain) {
  constexpr size_t kNodes = 10'000;
  EditContext context;
  context.infer = true;
  EditSession session(chain_model(kNodes), context);
  ASSERT_TRUE(session.run("set-attr last axis -1"));
  EXPECT_EQ(session.inferred_nodes(), kNodes);  // the first time all
  const auto cost_of = [&](const std::string& script) {
    const size_t before = session.inferred_nodes();
    const auto ran = session.run(script);
    EXPECT_TRUE(ran) << ran.error().message;
    return session.inferred_nodes() - before;
  };
  EXPECT_LE(cost_of("set-attr last axis 0"), 4U);
  EXPECT_LE(cost_of("add-node Shape v9999 -> size\nadd-output size"), 8U);
  EXPECT_EQ(session.model().graph().find("size")->type.text(), "int64[1]");
  EXPECT_LE(cost_of("bypass-node @v5000"), 8U);
  EXPECT_GE(cost_of("set-shape x 8"), kNodes - 1);  // all of it follows from x
  EXPECT_EQ(session.model().graph().find("v9999")->type.text(), "float32[8]");
  ASSERT_TRUE(session.undo());
  EXPECT_EQ(session.model().graph().find("v9999")->type.text(), "float32[N]");
  const size_t before = session.inferred_nodes();
  ASSERT_TRUE(session.undo());
  EXPECT_LE(session.inferred_nodes() - before, 8U);
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

constexpr const char* kCalls = R"(
  agraph (float[N] x, float[N] u) => (float[N] y, float[N] z) {
    [one] p, q = local.g (x, u, x)
    [two] y, r, z = local.g (u, , p)
  }
  <domain: "local", opset_import: ["" : 17]>
  g (a, b, c) => (d, e, f) { d = Neg (a)  e = Abs (a)  f = Exp (c) })";

TEST(Functions, LoseInputsAndOutputs) {
  // What calls hand in and take behind it moves up with it.
  const std::string after = edited(kCalls,
                                   "remove-input function:local:g::b\n"
                                   "remove-output function:local:g::e\n");
  EXPECT_THAT(after, HasSubstr("g (a, c) => (d, f)"));
  EXPECT_THAT(after, HasSubstr("p = local.g (x, x)"));
  EXPECT_THAT(after, HasSubstr("y, z = local.g (u, p)"));
  EXPECT_THAT(refusal(kCalls, "remove-input function:local:g::a"), HasSubstr("is read by"));
  EXPECT_THAT(refusal(kCalls, "remove-output function:local:g::f"),
              HasSubstr("'z' is in use; it is what the call 'two' takes there"));
  EXPECT_THAT(refusal(kCalls, "remove-output function:local:g::d"), HasSubstr("'p' is in use"));
}

TEST(Functions, GetInputsAndOutputs) {
  EditContext context;
  context.infer = true;
  const std::string after = edited(kCalls,
                                   "add-input function:local:g::h\n"
                                   "add-node Mul function:local:g::c function:local:g::h -> "
                                   "function:local:g::m\n"
                                   "add-output function:local:g::m\n"
                                   "set-input two 3 u\nset-output two 3 last\nadd-output last\n",
                                   context);
  EXPECT_THAT(after, HasSubstr("g (a, b, c, h) => (d, e, f, m)"));
  EXPECT_THAT(after, HasSubstr(R"(y, r, z, last = local.g (u, "", p, u))"));
  EXPECT_THAT(after, HasSubstr("float[N] last)"));
  EXPECT_THAT(refusal(kCalls, "remove-output function:local:g::e\nset-input one 3 u"),
              HasSubstr("'one' calls function 'g' with 4 inputs and 1 outputs, which has 3 and 2"));
}

TEST(Functions, AttributesOfTheCallAreReferredTo) {
  const char* model = R"(
    agraph (float[N] x) => (float[N] y) { [call] y = local.leak <slope = 0.25> (x) }
    <domain: "local", opset_import: ["" : 17]>
    leak <slope> (a) => (b) { [act] b = LeakyRelu (a) })";
  EXPECT_THAT(edited(model, "set-attr function:local:leak::act alpha ref:slope"),
              HasSubstr("alpha: float = @slope"));
  EXPECT_THAT(edited(model, "set-attr call slope 0.5"), HasSubstr("slope: float = 0.5"));
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
