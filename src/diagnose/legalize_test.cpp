#include "diagnose/legalize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/verify.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "targets/table.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::unique_ptr<Model> text_model(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return std::move(*model);
}

// A target that takes these operators, of at most four dimensions.
Target target_of(const std::vector<std::string>& operators) {
  CapabilityTable table;
  table.id = "mine";
  table.name = "Mine";
  table.max_rank = 4;
  for (const std::string& op : operators) table.operators[op] = {};
  return make_table_target(std::move(table));
}

std::vector<std::string> operators(const Model& model) {
  std::vector<std::string> out;
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next())
    out.emplace_back(node->op_type());
  return out;
}

Legalization legal(const Model& model, const std::vector<std::string>& operators) {
  auto result = legalize(model, target_of(operators));
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  EXPECT_TRUE(verify(*result->model).empty());
  return std::move(*result);
}

constexpr const char* kActivations =
    "g (float[4] x) => (float[4] y) { [a] h = HardSwish(x) [b] r = Relu(h) [c] y = HardSwish(r) }";

TEST(Legalize, TakesTheSimplestThatTheTargetHas) {
  const auto model = text_model(kActivations);
  const Legalization result = legal(*model, {"Relu", "HardSigmoid", "Mul"});
  EXPECT_THAT(operators(*result.model),
              ElementsAre("HardSigmoid", "Mul", "Relu", "HardSigmoid", "Mul"));
  EXPECT_THAT(result.edits, ElementsAre("apply legalize-hard-swish a c"));
  EXPECT_EQ(result.replaced, 2U);
}

TEST(Legalize, ReplacesReplacements) {
  const auto model = text_model(kActivations);
  const Legalization result = legal(*model, {"Relu", "Mul", "Add", "Max", "Min"});
  EXPECT_THAT(operators(*result.model), ElementsAre("Mul", "Add", "Max", "Min", "Mul", "Relu",
                                                    "Mul", "Add", "Max", "Min", "Mul"));
  EXPECT_THAT(result.edits, ElementsAre("apply legalize-hard-swish a c",
                                        "apply legalize-hard-sigmoid @h_hardsigmoid @y_hardsigmoid",
                                        testing::StartsWith("apply legalize-clip @")));
}

TEST(Legalize, LeavesWhatItCannotFinish) {
  const auto model = text_model(kActivations);
  const std::string before = encode_model(*model).flatten();
  const Legalization result = legal(*model, {"Relu", "Mul"});
  EXPECT_EQ(encode_model(*result.model).flatten(), before);
  EXPECT_TRUE(result.edits.empty());
  ASSERT_EQ(result.kept.size(), 2U);
  EXPECT_EQ(result.kept[0].node, "a");
  ASSERT_EQ(result.kept[0].why.size(), 1U);
  EXPECT_EQ(result.kept[0].why[0].node, "legalize_hard_swish");
  EXPECT_THAT(result.kept[0].why[0].reason, HasSubstr("HardSigmoid"));
}

TEST(Legalize, HighRanksWithinAReplacementGo) {
  const auto model = text_model(
      "g (float[1, 8, 2, 3] x) => (float[1, 2, 4, 6] y) { y = DepthToSpace<blocksize = 2>(x) }");
  const Legalization result = legal(*model, {"Reshape", "Transpose"});
  EXPECT_THAT(result.edits,
              ElementsAre("apply legalize-depth-to-space @y",
                          testing::StartsWith("apply legalize-transpose-rank @y_transpose")));
  for (const Value* value : result.model->graph().values())
    if (value->producer != nullptr) {
      ASSERT_TRUE(value->type.shape);
      EXPECT_LE(value->type.shape->size(), 4U);
    }
}

TEST(Legalize, DynamicShapesStay) {
  const auto model = text_model("g (float[n] x) => (float[n] y) { y = HardSwish(x) }");
  CapabilityTable table;
  table.id = "fixed";
  table.name = "Fixed";
  table.static_shapes = true;
  for (const char* op : {"HardSigmoid", "Mul"}) table.operators[op] = {};
  const auto result = legalize(*model, make_table_target(std::move(table)));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->replaced, 0U);
  EXPECT_THAT(result->kept.at(0).why.at(0).reason, HasSubstr("fixed shapes"));
}

TEST(Legalize, AChainIsDoneInAFewLines) {
  auto model = text_model("g (float[4] x) => (float[4] y) { y = Relu(x) }");
  Graph& graph = model->graph();
  Value* last = graph.find("x");
  for (int i = 0; i < 3000; ++i) {
    Value* next = graph.add_value("v" + std::to_string(i));
    graph.add_node("HardSwish", "", "n" + std::to_string(i), {last}, {next}, graph.last());
    last = next;
  }
  graph.last()->set_input(0, last);
  const Legalization result = legal(*model, {"Relu", "HardSigmoid", "Mul"});
  EXPECT_EQ(result.replaced, 3000U);
  EXPECT_EQ(result.edits.size(), 1U);
  EXPECT_EQ(result.model->graph().node_count(), 6001U);
}

}  // namespace
}  // namespace acuate
