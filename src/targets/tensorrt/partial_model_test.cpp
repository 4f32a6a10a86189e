#include "targets/tensorrt/partial_model.h"

#include <gtest/gtest.h>

#include "targets/quantization_test_support.h"

namespace acuate {
namespace {

std::vector<std::string> names(const std::vector<Value*>& values) {
  std::vector<std::string> out;
  for (const Value* value : values) out.emplace_back(value->name);
  return out;
}

std::unique_ptr<Model> chain() {
  return typed_model(
      "g (float[2] x) => (float[2] y) { [a] p = Exp(x) [b] q = Tanh(p) [c] r = Abs(q) "
      "[d] y = Add(r, p) }");
}

TEST(PartialModel, ResultsOfWhatIsTakenOutBecomeInputs) {
  auto model = chain();
  Graph& graph = model->graph();
  ASSERT_TRUE(take_out(graph, {graph.nodes_called("b")[0]}));
  EXPECT_THAT(names(graph.inputs()), testing::ElementsAre("x", "q"));
  EXPECT_THAT(names(graph.outputs()), testing::ElementsAre("y"));
}

TEST(PartialModel, NothingIsLeftWithoutAllNodes) {
  auto model = chain();
  Graph& graph = model->graph();
  EXPECT_FALSE(take_out(graph, graph.nodes()));
}

TEST(PartialModel, TheShortestPrefixThatFailsEndsAtTheCulprit) {
  const auto model = chain();
  size_t trials = 0;
  const auto has_abs = [&](const Model& part) -> Result<bool> {
    ++trials;
    return !part.graph().nodes_called("c").empty();
  };
  const auto found = first_failing(*model, has_abs);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->name(), "c");
  EXPECT_EQ(trials, 2u);
}

TEST(PartialModel, AnErrorOfATrialEndsTheSearch) {
  const auto model = chain();
  const auto broken = first_failing(*model, [](const Model&) -> Result<bool> { return fail("x"); });
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message, "x");
}

}  // namespace
}  // namespace acuate
