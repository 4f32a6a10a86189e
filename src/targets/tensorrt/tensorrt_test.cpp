#include <gtest/gtest.h>

#include "graph/model.h"
#include "targets/quantization_test_support.h"

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

TEST(TensorRt, QuantizesWhatWeightedLayersReadAndShortcuts) {
  auto model = typed_model(
      R"(net (float[1,2,4,4] x) => (float[1,2,4,4] y) <float[2,2,1,1] w = {1.0, -2.0, 0.5, 1.0}, float[2] b = {0.5, 0.25}> {
      p = MaxPool<kernel_shape = [1, 1]>(x)  e = Exp(x)  h = Conv(p, w, b)  s = Add(e, h)  y = Relu(s) })");
  const auto plan = plan_of(*model, "tensorrt");
  EXPECT_EQ(activations_of(plan), "p:s8 e:s8");
  EXPECT_EQ(weights_of(plan), "w:s8/0");
  EXPECT_THAT(targets()
                  .lookup("tensorrt")
                  ->backend->plan_quantization(*model, {"u8", {}, {}})
                  .error()
                  .message,
              testing::HasSubstr("TensorRT takes no activations of scheme 'u8'; it takes s8"));
}

TEST(TensorRt, BiasesStayInFloat) {
  auto model = typed_model(kResidual);
  Encodings encodings;
  for (const char* tensor : {"x", "r", "f", "w", "v", "m"}) {
    TensorEncoding encoding;
    encoding.tensor = tensor;
    encoding.quantization = schemes().lookup("s8")->from_range(-4, 4);
    encodings.tensors.push_back(encoding);
  }
  ASSERT_TRUE(targets().lookup("tensorrt")->backend->emit_quantized(*model, encodings));
  const Node& conv = *model->graph().find("c")->producer;
  EXPECT_EQ(conv.input(0)->producer->op_type(), "DequantizeLinear");
  EXPECT_EQ(conv.input(0)->producer->input(2)->initializer->type, ElementType::Int8);
  EXPECT_EQ(conv.input(1)->producer->op_type(), "DequantizeLinear");
  EXPECT_EQ(conv.input(2)->name, "b");
}

}  // namespace
}  // namespace acuate
