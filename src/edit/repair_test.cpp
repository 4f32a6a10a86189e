// Models that are invalid in ways we can still open: what is wrong is told, and a script mends it.
#include <gmock/gmock.h>

#include "edit/test_support.h"
#include "onnx_io/authority.h"

namespace acuate {
namespace {

// The model whose file has, at the given occurrence, another name of the same length.
std::unique_ptr<Model> renamed_in_file(std::string_view text, const std::string& from,
                                       const std::string& to, size_t occurrence = 0) {
  const auto bytes = std::make_shared<std::string>(bytes_of(*text_model(text)));
  const auto field = [](const std::string& name) {
    return std::string(1, static_cast<char>(name.size())) + name;
  };
  size_t at = bytes->find(field(from));
  while (occurrence-- > 0) at = bytes->find(field(from), at + 1);
  EXPECT_NE(at, std::string::npos);
  bytes->replace(at, from.size() + 1, field(to));
  auto model = import_model(as_bytes(*bytes), bytes, {});
  EXPECT_TRUE(model) << model.error().message;
  return *std::move(model);
}

std::vector<std::string> issue_ids(const Model& model) {
  std::vector<std::string> out;
  for (const ModelIssue& issue : verify(model)) out.push_back(issue.id);
  return out;
}

// That the script leaves a model which is valid when it is read again.
std::string mended(const Model& model, std::string_view script) {
  const auto result = apply_script(model, script, {});
  if (!result) return "error: " + result.error().message;
  expect_undone(model, script, {}, bytes_of(**result));
  const auto bytes = std::make_shared<const std::string>(bytes_of(**result));
  const auto again = import_model(as_bytes(*bytes), bytes, {});
  EXPECT_TRUE(again) << again.error().message;
  EXPECT_THAT(issue_ids(**again), testing::IsEmpty());
  EXPECT_TRUE(check_operators(**again).empty());
  return to_text(**again);
}

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Repair, TwoProducersOfOneName) {
  const auto model = renamed_in_file(
      "agraph (float[N] x) => (float[N] out) { val = Relu (x)  va2 = Neg (x)  out = Exp (val) }",
      "va2", "val");
  ASSERT_THAT(issue_ids(*model), ElementsAre("duplicate_name"));
  // The use stays with the first.
  EXPECT_THAT(mended(*model, "rename-value val#2 second"), HasSubstr("second = Neg (x)"));
  EXPECT_THAT(mended(*model, "rename-value val first"), HasSubstr("out = Exp (first)"));
  EXPECT_THAT(mended(*model, "delete-node @val#2"), testing::Not(HasSubstr("Neg")));
}

TEST(Repair, AnInitializerTwice) {
  const auto model = renamed_in_file(
      "agraph (float[2] x) => (float[2] y) <float[2] wa = {1, 2}, float[2] wb = {3, 4}> "
      "{ t = Add (x, wa)  y = Add (t, wa) }",
      "wb", "wa");
  ASSERT_THAT(issue_ids(*model), ElementsAre("duplicate_name"));
  EXPECT_THAT(mended(*model, "rename-value wa#2 other"), HasSubstr("other"));
  EXPECT_THAT(mended(*model, "remove-initializer wa#2"), testing::Not(HasSubstr("other")));
}

TEST(Repair, ADanglingInput) {
  const auto model = renamed_in_file(
      "agraph (float[2] x) => (float[2] y) { mid = Relu (x)  y = Add (mid, x) }", "mid", "mix", 1);
  ASSERT_THAT(issue_ids(*model), ElementsAre("undefined_input"));
  EXPECT_THAT(mended(*model, "add-initializer mix float32:[1, 2]"), HasSubstr("Add (mix, x)"));
  EXPECT_THAT(mended(*model, "add-node Neg x -> mix"), HasSubstr("mix = Neg (x)"));
}

TEST(Repair, AnOutputThatNothingComputes) {
  const auto model =
      renamed_in_file("agraph (float[2] x) => (float[2] yes) { yes = Relu (x) }", "yes", "yet");
  ASSERT_THAT(issue_ids(*model), ElementsAre("undefined_output"));
  EXPECT_THAT(mended(*model, "add-node Neg x -> yes"), HasSubstr("yes = Neg (x)"));
}

TEST(Repair, NodesOutOfOrder) {
  const auto model = text_model(
      "agraph (float[N] x, bool c) => (float[N] y) { a = Relu (x)  y = If (c) <then_branch = t () "
      "=> (float[N] p) { p = Neg (a) }, else_branch = e () => (float[N] q) { q = Exp (a) }> }");
  model->graph().move_before(*model->graph().last(), model->graph().first());
  ASSERT_THAT(issue_ids(*model), ElementsAre("unsorted_nodes"));
  EXPECT_THAT(mended(*model, "sort-nodes"), HasSubstr("a = Relu (x)"));
}

TEST(Repair, ACycle) {
  const auto model = text_model(
      "agraph (float[N] x) => (float[N] y) { [one] a = Add (x, x)  [two] b = Neg (a)  [out] y = "
      "Exp (b)  [keep] z = Abs (x) }");
  Graph& graph = model->graph();
  graph.first()->set_input(1, graph.find("b"));
  ASSERT_THAT(issue_ids(*model), ElementsAre("cycle"));
  EXPECT_THAT(mended(*model, "add-output z\ndelete-node one --with-children"),
              testing::Not(HasSubstr("Neg")));
  EXPECT_THAT(mended(*model, "sort-nodes"), HasSubstr("2 nodes lie on a cycle"));
}

TEST(Repair, NodesThatShareAName) {
  const auto model = renamed_in_file(
      "agraph (float[N] x) => (float[N] y) { [na] a = Relu (x)  [nb] y = Exp (a) }", "nb", "na");
  ASSERT_THAT(issue_ids(*model), ElementsAre("duplicate_node_name"));
  EXPECT_THAT(mended(*model, "rename-node na nc"), HasSubstr("say which by its output: @a or @y"));
  EXPECT_THAT(mended(*model, "rename-node @y nc"), HasSubstr("[nc]"));
}

}  // namespace
}  // namespace acuate
