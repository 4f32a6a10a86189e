#include "graph/block_structure.h"

#include <gtest/gtest.h>

#include "graph/names_test_support.h"

namespace acuate {
namespace {

class BlockStructureTest : public testing::Test {
 protected:
  BlockStructureTest() {
    Graph& graph = model.graph();
    graph.set_inputs({graph.add_value(model.intern("x"))});
  }
  // Reads a weight too where it is a layer. Returns the output's name.
  std::string add(const std::string& op, std::vector<std::string> reads) {
    const std::string name = op + std::to_string(++count);
    if (op == "Conv") reads.push_back(name + "_weight");
    last = add_named_node(model, op, name, reads);
    names.push_back(last);
    return name + "_output";
  }
  std::string residual(const std::string& x) {
    return add("Add", {x, add("Relu", {add("Conv", {x})})});
  }
  std::string chain(const std::string& x) { return add("Relu", {add("Conv", {x})}); }
  void give(const std::string& value) { model.graph().add_output(*model.graph().find(value)); }
  std::vector<std::string> labels() {
    const auto found = guess_blocks(model.graph());
    std::vector<std::string> out;
    for (const Node* node : names) {
      const auto at = found.find(node);
      out.push_back(at == found.end() ? "" : at->second);
    }
    return out;
  }
  using Labels = std::vector<std::string>;

  Model model;
  int count = 0;
  Node* last = nullptr;
  std::vector<const Node*> names;
};

TEST_F(BlockStructureTest, WhatComesAgainIsABlock) {
  std::string x = add("MaxPool", {add("Conv", {"x"})});
  x = residual(residual(x));
  x = add("AveragePool", {x});
  give(add("Conv", {x}));
  EXPECT_EQ(labels(), (Labels{"stem", "stem", "block0", "block0", "block0", "block1", "block1",
                              "block1", "tail", "tail"}));
}

TEST_F(BlockStructureTest, WhatComesOnceIsNoBlock) {
  give(add("Softmax", {add("Conv", {add("Relu", {add("Conv", {"x"})})})}));
  EXPECT_EQ(labels(), (Labels{"", "", "", ""}));
}

TEST_F(BlockStructureTest, LayersThatJoinPlacesOfTheTrunkAreNeckAndHeads) {
  const std::string a = chain(chain("x"));
  const std::string b = chain(chain(chain(chain(add("MaxPool", {a})))));
  // As a feature pyramid: both are joined, and each joint place has an output.
  const std::string up = add("Add", {add("Conv", {a}), add("Resize", {b})});
  const std::string down = add("Add", {add("Conv", {up}), b});
  give(add("Conv", {up}));
  give(add("Sigmoid", {add("Conv", {down})}));
  const Labels found = labels();
  EXPECT_EQ(found[0], "backbone.block0");
  EXPECT_EQ(found[2], "backbone.block1");
  for (const size_t of_trunk : {4, 5, 8, 12})
    EXPECT_TRUE(found[of_trunk].starts_with("backbone")) << of_trunk;
  EXPECT_EQ(found[13], "neck");   // the lateral convolution
  EXPECT_EQ(found[15], "head0");  // the sum and what only follows it
  EXPECT_EQ(found[found.size() - 1], "head1");
}

TEST_F(BlockStructureTest, ConstantsAndWhatIsComputedOfThemAreNoNodes) {
  add_named_node(model, "Constant", "c", {});
  Node* doubled = add_named_node(model, "Add", "d", {"c_output", "c_output"});
  std::string x = "x";
  for (int i = 0; i < 3; ++i) x = add("Conv", {x, "d_output"});
  give(x);
  const auto found = guess_blocks(model.graph());
  EXPECT_EQ(found.count(doubled), 0);
  EXPECT_EQ(labels(), (Labels{"block0", "block1", "block2"}));
}

TEST_F(BlockStructureTest, TakesAHundredThousandNodes) {
  std::string x = "x";
  for (int i = 0; i < 33'333; ++i) x = residual(x);
  give(x);
  EXPECT_EQ(labels().back(), "block33332");
}

TEST_F(BlockStructureTest, AnEmptyGraphHasNone) {
  EXPECT_TRUE(guess_blocks(model.graph()).empty());
}

}  // namespace
}  // namespace acuate
