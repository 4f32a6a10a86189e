#include "graph/module_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace acuate {
namespace {

using testing::ElementsAre;

class ModuleTreeTest : public testing::Test {
 protected:
  // A node that reads `weight` where one is named.
  Node* node(const std::string& name, const std::string& weight = "") {
    Graph& graph = model.graph();
    std::vector<Value*> inputs;
    if (!weight.empty()) {
      Value* value = graph.find(weight);
      if (value == nullptr) {
        value = graph.add_value(model.intern(weight));
        // Of two modules, content differs.
        const float content = static_cast<float>(weight.size());
        graph.set_initializer(*value, Tensor::of<float>({1}, {content}));
      }
      inputs.push_back(value);
    }
    Value* output = graph.add_value(model.intern("v" + std::to_string(++count)));
    return graph.add_node("Op", "", model.intern(name), inputs, {output});
  }
  std::string path(const Node* n) { return ModelModuleTree::of(model).module_of(*n).path; }

  Model model;
  int count = 0;
};

std::vector<std::string> paths(const ModelModuleTree& tree) {
  std::vector<std::string> out;
  for (const ModuleInfo& info : tree.modules()) out.push_back(info.path);
  return out;
}

TEST_F(ModuleTreeTest, ReadsScopesAndClassesOfTheExporter) {
  Node* conv = node("node_conv2d_3");
  conv->set_metadata("pkg.torch.onnx.name_scopes",
                     "['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d_3']");
  conv->set_metadata("pkg.torch.onnx.class_hierarchy",
                     "['m.ResNet', 'torch.nn.modules.container.Sequential', 'm.Block', "
                     "'torch.nn.modules.conv.Conv2d', 'aten.conv2d.default']");
  const auto tree = ModelModuleTree::of(model);
  EXPECT_EQ(tree.module_of(*conv), (ModuleInfo{"layer1.0.conv1", "Conv2d", false}));
  EXPECT_THAT(paths(tree), ElementsAre("", "layer1", "layer1.0", "layer1.0.conv1"));
  EXPECT_EQ(tree.modules()[0].class_name, "ResNet");
}

TEST_F(ModuleTreeTest, MetadataGoesBeforeTheName) {
  Node* conv = node("/a/Conv");
  conv->set_metadata("pkg.torch.onnx.name_scopes", "['', 'b', 'conv']");
  EXPECT_EQ(path(conv), "b");
}

TEST_F(ModuleTreeTest, ReadsSlashNames) {
  EXPECT_EQ(path(node("/layer1/layer1.0/conv1/Conv")), "layer1.0.conv1");
  EXPECT_EQ(path(node("/model.22/cv2.0/cv2.0.0/conv/Conv_1")), "model.22.cv2.0.0.conv");
  EXPECT_EQ(path(node("/model/encoder/0/reparam_conv/Conv")), "model.encoder.0.reparam_conv");
  EXPECT_EQ(path(node("/model/decoder/decoder/1/Relu")), "model.decoder.decoder.1");
  EXPECT_EQ(path(node("/Add")), "");
  EXPECT_FALSE(ModelModuleTree::of(model).module_of(*model.graph().first()).guessed);
}

TEST_F(ModuleTreeTest, ASecondCallIsTheSameModule) {
  node("/head/pool/MaxPool");
  Node* again = node("/head/pool_1/MaxPool");
  const auto tree = ModelModuleTree::of(model);
  EXPECT_EQ(tree.module_of(*again), (ModuleInfo{"head.pool", "", true}));
  EXPECT_THAT(paths(tree), ElementsAre("", "head", "head.pool"));
}

TEST_F(ModuleTreeTest, WeightsTellASecondCallFromAModuleOfItsOwn) {
  node("/conv/Conv", "w");
  EXPECT_EQ(path(node("/conv_1/Conv", "w")), "conv");
  EXPECT_EQ(path(node("/conv_2/Conv", "w2")), "conv_2");
  EXPECT_EQ(path(node("/layer_1/Conv", "w3")), "layer_1");
}

TEST_F(ModuleTreeTest, WhatSaysNothingBelongsToTheRoot) {
  for (const char* name : {"p2o.Conv.12", "", "Identity_40", "model_1/conv/BiasAdd", "//Add"})
    EXPECT_EQ(path(node(name)), "") << name;
  EXPECT_THAT(paths(ModelModuleTree::of(model)), ElementsAre(""));
}

TEST_F(ModuleTreeTest, AMergedNodeHasTheModuleOfItsOrigins) {
  Node* merged = node("fused_7");
  merged->set_metadata("acuate.origins", R"(["x", "/stem/conv/Conv", "/stem/bn/Mul"])");
  EXPECT_EQ(ModelModuleTree::of(model).module_of(*merged), (ModuleInfo{"stem.conv", "", true}));
  Node* named = node("/stem/act/Relu");
  named->set_metadata("acuate.origins", R"(["/other/Add"])");
  EXPECT_EQ(path(named), "stem.act");
}

TEST_F(ModuleTreeTest, AMergedNodeBelongsToEveryModuleThatItComesFrom) {
  Node* merged = node("/stem/conv/Conv");
  merged->set_metadata("acuate.origins",
                       R"(["/stem/conv/Conv", "/stem/bn/Mul", "/stem/bn/Add", "/head/Mul", "n"])");
  merged->set_metadata("acuate.origin_modules", R"(["stem.scale"])");
  const auto tree = ModelModuleTree::of(model);
  std::vector<std::string> found;
  for (const ModuleInfo* module : tree.modules_of(*merged)) found.push_back(module->path);
  EXPECT_THAT(found, ElementsAre("stem.conv", "stem.scale", "stem.bn", "head"));
  EXPECT_THAT(paths(tree), ElementsAre("", "stem", "stem.conv", "stem.scale", "stem.bn", "head"));
}

TEST_F(ModuleTreeTest, AContainerThatIsNotCalledHoldsItsChildren) {
  node("/layers.0/norm/Op");
  EXPECT_THAT(paths(ModelModuleTree::of(model)),
              ElementsAre("", "layers", "layers.0", "layers.0.norm"));
}

TEST_F(ModuleTreeTest, AModuleOfWhichOnlyTheParametersAreLeftComesFirst) {
  Node* conv = node("node_conv", "stem.conv.weight");
  conv->set_metadata("pkg.torch.onnx.name_scopes", "['', 'stem', 'stem.bn', 'batch_norm']");
  conv->set_metadata("pkg.torch.onnx.class_hierarchy", "['N', 'S', 'BatchNorm2d', 'aten']");
  const auto tree = ModelModuleTree::of(model);
  ASSERT_EQ(tree.modules_of(*conv).size(), 2);
  EXPECT_EQ(tree.modules_of(*conv)[0]->path, "stem.conv");
  EXPECT_EQ(*tree.modules_of(*conv)[1], (ModuleInfo{"stem.bn", "BatchNorm2d", true}));
}

TEST_F(ModuleTreeTest, ANodeWithoutScopesIsWhereItsNeighboursAre) {
  Node* first = node("/a/b/Op");
  Node* between = node("nameless");
  Node* last = node("/a/c/Op");
  between->set_input_count(1);
  between->set_input(0, first->output());
  last->set_input_count(1);
  last->set_input(0, between->output());
  EXPECT_EQ(ModelModuleTree::of(model).module_of(*between), (ModuleInfo{"a", "", true}));
}

TEST_F(ModuleTreeTest, TheModuleOfTheParametersWhereNothingElseIsTold) {
  Node* conv = node("Conv_12", "backbone.conv1.weight");
  EXPECT_EQ(ModelModuleTree::of(model).module_of(*conv), (ModuleInfo{"backbone.conv1", "", true}));
}

TEST(CommonModule, IsWhatHoldsBoth) {
  EXPECT_EQ(common_module("a.b.c", "a.b.d"), "a.b");
  EXPECT_EQ(common_module("a.b", "a.b.d"), "a.b");
  EXPECT_EQ(common_module("a.b", "a.bc"), "a");
  EXPECT_EQ(common_module("a", "b"), "");
  EXPECT_EQ(common_module("", "b"), "");
}

TEST(ParseTextList, ReadsWhatPythonAndJsonWrite) {
  EXPECT_THAT(*parse_text_list("[]"), ElementsAre());
  EXPECT_THAT(*parse_text_list(R"(['', "it's", 'a\'b', 'c\\d', '<built-in, f>'])"),
              ElementsAre("", "it's", "a'b", "c\\d", "<built-in, f>"));
  EXPECT_THAT(*parse_text_list(R"(["\u00e9\ud83d\ude00", 'é\x41'])"), ElementsAre("é😀", "éA"));
  for (const char* wrong : {"", "[", "x", "['a'", "['a' 'b']", "['a',]", "[a]", "['\\",
                            R"(["\u12"])", R"(['\q'])", "['a]"})
    EXPECT_FALSE(parse_text_list(wrong)) << wrong;
}

}  // namespace
}  // namespace acuate
