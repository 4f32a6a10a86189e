#include <gtest/gtest.h>

#include "graph/model.h"
#include "targets/target.h"

namespace acuate {
namespace {

TEST(TensorRt, SaysWhatItLacks) {
  const Target target = *resolve_target("tensorrt");
  const Availability run = target.status().run;
  EXPECT_FALSE(run.available);
  EXPECT_THAT(run.reason, testing::HasSubstr("no engine for TensorRT"));
  EXPECT_THAT(run.reason, testing::HasSubstr("an NVIDIA GPU and driver"));
  EXPECT_FALSE(target.load(ModelSource::file("model.onnx")));
}

TEST(TensorRt, ClaimsNoSupportForANode) {
  Model model;
  Graph& graph = model.graph();
  const Node* node =
      graph.add_node("Relu", "", "relu", {graph.add_value("x")}, {graph.add_value("y")});
  const auto reasons = resolve_target("tensorrt")->why_not(*node);
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_EQ(reasons[0].id, "unknown_support");
}

}  // namespace
}  // namespace acuate
