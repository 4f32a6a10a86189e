#include "edit/consistency.h"

#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::AllOf;
using testing::HasSubstr;

TEST(Contradictions, AreRefusedWithBothSourcesAndTheLine) {
  const std::string model = R"(agraph (float[N, 4] x, float[M, 4] u) => (float[N, 4] y) {
    [act] a = Relu (u)  [sum] y = Add (x, a) })";
  const std::string message =
      refusal(model, "rename-node act first\nset-shape x 2 4\n  set-shape u 3 4\n", inferring());
  EXPECT_THAT(message, AllOf(HasSubstr("line 3, column 3: set-shape: the model would contradict "
                                       "itself"),
                             HasSubstr("'x' float32[2, 4] (input)"),
                             HasSubstr("'a' float32[3, 4] (Relu 'first')")));
  // What a later line mends is none.
  EXPECT_THAT(edited(model, "set-shape x 2 4\nset-shape u 3 4\nset-shape u M 4\nset-shape u 2 4",
                     inferring()),
              HasSubstr("float[2,4] y"));
}

TEST(Contradictions, LeaveASessionAsItWas) {
  EditSession session(
      text_model("agraph (float[N] x, float[M] u) => (float[N] y) { y = Add (x, u) }"),
      inferring());
  ASSERT_TRUE(session.run("set-shape x 2"));
  const std::string before = bytes_of(session.model());
  const auto refused = session.run("set-shape u 3");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("line 1, column 1: set-shape: the model would"));
  EXPECT_EQ(bytes_of(session.model()), before);
  ASSERT_TRUE(session.run("set-shape u 2"));
  EXPECT_EQ(session.model().graph().outputs()[0]->type.text(), "float32[2]");
  ASSERT_TRUE(session.undo());
  ASSERT_TRUE(session.undo());
  ASSERT_TRUE(session.run("set-shape u 3"));
}

TEST(Contradictions, ThatWereThereBeforeKeepNobodyFromEditing) {
  const char* broken = R"(agraph (float[2] x, float[3] u) => (float[2] y, float[N] z) {
    [sum] y = Add (x, u)  [act] z = Relu (x) })";
  EXPECT_THAT(edited(broken, "set-type z float32[2]\nrename-node sum total", inferring()),
              HasSubstr("[total]"));
  EditSession session(text_model(broken), inferring());
  ASSERT_TRUE(session.run("add-node Neg x -> n"));
  ASSERT_TRUE(session.run("add-node Exp x -> e"));
  EXPECT_THAT(session.run("add-node Add x u -> n2\nadd-output n2 float32[2]").error().message,
              HasSubstr("would contradict itself"));
  // And it can be mended.
  ASSERT_TRUE(session.run("set-type u float32[2]"));
  EXPECT_EQ(session.model().graph().outputs()[0]->type.text(), "float32[2]");
  EXPECT_FALSE(session.run("set-type u float32[3]"));
}

}  // namespace
}  // namespace acuate
