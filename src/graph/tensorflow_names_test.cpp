#include "graph/tensorflow_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/names_test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(TensorFlowNames, ScopesThatHoldEverythingStandForTheModel) {
  Model model;
  Node* conv =
      add_named_node(model, "Conv", "StatefulPartitionedCall/model/block1/conv/Conv2D", {});
  Node* add = add_named_node(model, "Add", "StatefulPartitionedCall/model/block1/add", {});
  Node* relu = add_named_node(model, "Relu", "StatefulPartitionedCall/model/Relu", {});
  const TensorFlowNames names(model);
  EXPECT_THAT(names.read(*conv), ElementsAre("block1.conv"));
  EXPECT_THAT(names.read(*add), ElementsAre("block1"));
  EXPECT_THAT(names.read(*relu), ElementsAre(""));
}

TEST(TensorFlowNames, AnOutputTellsWhereTheNodeHasNoName) {
  Model model;
  Node* relu = add_named_node(model, "Relu", "", {}, "net/act/Relu:0");
  add_named_node(model, "Add", "net/add", {});
  EXPECT_THAT(TensorFlowNames(model).read(*relu), ElementsAre("act"));
}

TEST(TensorFlowNames, JoinedNamesTellEveryModule) {
  Model model;
  Node* joined = add_named_node(model, "Conv", "m/conv/Conv2D;m/bn/Mul;m/conv/BiasAdd", {});
  Node* merged = add_named_node(model, "Clip", "m/relu/Relu6_m/bn/Fused_m/conv/Conv2D", {});
  const TensorFlowNames names(model);
  EXPECT_THAT(names.read(*joined), ElementsAre("conv", "bn"));
  EXPECT_THAT(names.read(*merged), ElementsAre("relu", "bn", "conv"));
}

TEST(TensorFlowNames, OtherNamesHaveNoScopes) {
  Model model;
  const TensorFlowNames names(model);
  for (const char* name : {"", "Conv__231", "/conv/Conv", "p2o.Conv.1", "a//b", "a/", "a__/b/C"})
    EXPECT_THAT(names.read(name), IsEmpty()) << name;
}

}  // namespace
}  // namespace acuate
