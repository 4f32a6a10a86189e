#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

// x → a → b → y, of whose nodes the last stands first.
std::unique_ptr<Model> unsorted() {
  auto model = text_model(R"(
    agraph (float[N] x) => (float[N] y) { a = Relu (x)  b = Neg (a)  y = Exp (b) })");
  Graph& graph = model->graph();
  graph.move_before(*graph.last(), graph.first());
  return model;
}

TEST(SortNodes, ProducersComeFirst) {
  const auto model = unsorted();
  ASSERT_EQ(verify(*model).front().id, "unsorted_nodes");
  Journal journal;
  const auto sorted = apply_script(*model, "sort-nodes", {}, &journal);
  ASSERT_TRUE(sorted) << sorted.error().message;
  EXPECT_TRUE(verify(**sorted).empty());
  EXPECT_EQ((*sorted)->graph().last()->op_type(), "Exp");
  EXPECT_EQ(journal[0].notes, std::vector<std::string>{"3 nodes stand in another place"});
  expect_undone(*model, "sort-nodes", {}, bytes_of(**sorted));
}

TEST(SortNodes, LeavesWhatIsInOrder) {
  constexpr const char* kSorted = "agraph (float[N] x) => (float[N] y) { y = Relu (x) }";
  EXPECT_EQ(edited(kSorted, "sort-nodes"), normalised(kSorted));
}

TEST(SortNodes, RefusesACycle) {
  const auto model = unsorted();
  Graph& graph = model->graph();
  graph.find("a")->producer->set_input(0, graph.find("b"));
  const auto refused = apply_script(*model, "sort-nodes", {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("'@a' needs its own output: 2 nodes"));
}

}  // namespace
}  // namespace acuate
