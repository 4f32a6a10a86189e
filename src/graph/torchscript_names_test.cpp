#include "graph/torchscript_names.h"

#include <gtest/gtest.h>

#include "graph/names_test_support.h"

namespace acuate {
namespace {

class TorchScriptNamesTest : public testing::Test {
 protected:
  Node* node(const std::string& name, const std::vector<std::string>& reads = {}) {
    return add_named_node(model, "Op", name, reads);
  }
  std::string path(const Node* n) {
    const auto read = TorchScriptNames(model).read(*n);
    return read ? read->path : "nothing";
  }

  Model model;
};

TEST_F(TorchScriptNamesTest, ParametersTellWhatAnUncalledContainerLeavesOut) {
  Node* conv = node("/boxes/Conv", {"heads.boxes.weight"});
  Node* act = node("/boxes/act/Relu", {});
  Node* other = node("/scores/Conv", {"onnx::Conv_7_weight"});
  EXPECT_EQ(path(conv), "heads.boxes");
  EXPECT_EQ(path(act), "heads.boxes.act");
  EXPECT_EQ(path(other), "scores");  // nothing of it is left
}

TEST_F(TorchScriptNamesTest, ANodeThatReadsAChildsParameterIsItsHolders) {
  node("/encoder/self_attn/MatMul");
  EXPECT_EQ(path(node("/encoder/self_attn/Gemm", {"encoder.self_attn.out_proj.weight"})),
            "encoder.self_attn");
}

TEST_F(TorchScriptNamesTest, ParametersOfAnotherModuleTellNothing) {
  EXPECT_EQ(path(node("/head/MatMul", {"embed.weight"})), "head");
}

TEST_F(TorchScriptNamesTest, AWeightThatIsSharedAsItIsEqualDoesNotMoveAModule) {
  Node* norm = node("/norm/LayerNormalization", {"features.4.norm.weight", "norm.bias_weight"});
  node("/features/features.4/norm/LayerNormalization", {"features.4.norm.weight"});
  EXPECT_EQ(path(norm), "norm");
}

TEST_F(TorchScriptNamesTest, ParametersTellASecondCallFromAModuleOfThatName) {
  node("/conv/Conv", {"conv.weight"});
  Node* own = node("/conv_1/Conv", {"conv_1.weight"});
  Node* again = node("/conv_1/Conv_1", {"conv.weight"});
  EXPECT_EQ(path(own), "conv_1");
  EXPECT_EQ(path(again), "conv");
}

TEST_F(TorchScriptNamesTest, OnlyTheLastScopeHasTheNumberOfACall) {
  node("/layer/Add");
  node("/layer_1/Add");
  node("/layer_1/act/Relu");
  EXPECT_EQ(path(node("/layer_1/act_1/Relu")), "layer_1.act");
  EXPECT_EQ(path(model.graph().first()->next()), "layer_1");
}

TEST_F(TorchScriptNamesTest, AnEqualWeightThatIsNamedByIdentityIsAParameter) {
  add_named_node(model, "Identity", "Identity_3", {"layers.0.norm.weight"}, "layers.1.norm.weight");
  Node* norm = node("/norm/Mul", {"layers.1.norm.weight"});
  EXPECT_EQ(path(norm), "layers.1.norm");
}

TEST_F(TorchScriptNamesTest, AScopeThatFitsTwoModulesHasBoth) {
  node("/block/Conv", {"left.block.weight"});
  node("/block_1/Conv", {"right.block.weight"});
  const Node* act = node("/block/Relu");
  const auto read = TorchScriptNames(model).read(*act);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->guessed);
  EXPECT_EQ(read->options, (std::vector<std::string>{"left.block", "right.block"}));
}

TEST_F(TorchScriptNamesTest, NamesBehindAnInlinersAreRead) {
  EXPECT_EQ(path(node("F0::If_0_then_branch__Inline_0__/stft/padding/Slice")), "stft.padding");
  EXPECT_EQ(path(node("If_0_then_branch__Inline_x__/stft/Slice")), "nothing");
}

TEST_F(TorchScriptNamesTest, NamesAsDeepAsNoProgramTellNothing) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "/a";
  EXPECT_EQ(path(node(deep)), "nothing");
}

}  // namespace
}  // namespace acuate
