#include "rewrite/origin_modules.h"

#include <gmock/gmock.h>

#include "graph/module_tree.h"
#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

std::vector<std::string> modules_of(const Model& model, const Node& node) {
  std::vector<std::string> paths;
  const ModelModuleTree tree = ModelModuleTree::of(model);
  for (const ModuleInfo* module : tree.modules_of(node)) paths.push_back(module->path);
  return paths;
}

std::unique_ptr<Model> convolution_and_scale() {
  return text_model(R"(g (float[1, 1, 4, 4] x) => (float[1, 1, 4, 4] y)
    <float[1, 1, 1, 1] w = {2.0}, float[1, 1, 1, 1] s = {3.0}>
    { h = Conv(x, w)  y = Mul(h, s) })");
}

TEST(OriginModules, AreKeptOfNodesThatOnlyMetadataTellsOf) {
  const auto model = convolution_and_scale();
  Node& conv = *model->graph().first();
  conv.set_metadata("pkg.torch.onnx.name_scopes", "['', 'stem', 'stem.conv', 'conv2d']");
  conv.next()->set_metadata("pkg.torch.onnx.name_scopes", "['', 'stem', 'stem.scale', 'mul']");
  ASSERT_TRUE(simplify(*model, {}));
  ASSERT_EQ(model->graph().node_count(), 1);
  EXPECT_THAT(modules_of(*model, *model->graph().first()),
              testing::UnorderedElementsAre("stem.conv", "stem.scale"));
}

TEST(OriginModules, AreNotNotedWhereNamesTellThem) {
  const auto model = convolution_and_scale();
  model->graph().first()->set_name("/stem/conv/Conv");
  model->graph().last()->set_name("/stem/scale/Mul");
  ASSERT_TRUE(simplify(*model, {}));
  ASSERT_EQ(model->graph().node_count(), 1);
  EXPECT_TRUE(model->graph().first()->metadata("acuate.origin_modules").empty());
  EXPECT_THAT(modules_of(*model, *model->graph().first()),
              testing::UnorderedElementsAre("stem.conv", "stem.scale"));
}

}  // namespace
}  // namespace acuate
