#include <gtest/gtest.h>

#include "graph/model.h"
#include "targets/quantization_test_support.h"

namespace acuate {
namespace {

std::vector<std::pair<std::string, Reason>> refusals_of(const Model& model) {
  auto refusals = targets().lookup("tensorrt")->backend->probe(model);
  EXPECT_TRUE(refusals) << (refusals ? "" : refusals.error().message);
  std::vector<std::pair<std::string, Reason>> out;
  if (refusals)
    for (const Refusal& refusal : *refusals)
      out.emplace_back(refusal.node->address(), refusal.reason);
  return out;
}

TEST(TensorRt, BuildsAndSaysThatItRunsNothing) {
  const Target target = *resolve_target("tensorrt");
  const TargetStatus status = target.status();
  EXPECT_TRUE(status.diagnose.available);
  EXPECT_TRUE(status.build.available) << status.build.reason;
  EXPECT_FALSE(status.run.available);
  EXPECT_FALSE(target.load(ModelSource::file("model.onnx")));
}

TEST(TensorRt, ItsTableKnowsOperatorsAndTypes) {
  auto model = typed_model(
      "g (uint16[4] x, float[4] f) => (uint16[4] y, float[d] z) { [a] y = Add(x, x) [u] z = "
      "Unique(f) }");
  const Target target = *resolve_target("tensorrt");
  std::vector<std::string> ids;
  for (const Node* node : model->graph().nodes())
    for (const Reason& reason : target.why_not(*node)) ids.push_back(reason.id);
  EXPECT_THAT(ids, testing::ElementsAre("unsupported_type", "unsupported_operator"));
}

TEST(TensorRt, TakesAWholeNetwork) {
  auto model = typed_model(
      "g (float[N,2,8,8] x) => (float[N,2,8,8] y) <float[2,2,1,1] w = {1.0, -2.0, 0.5, 1.0}> "
      "{ a = Conv(x, w) y = HardSwish(a) }");
  EXPECT_THAT(refusals_of(*model), testing::IsEmpty());
}

// Its parser stops at the first of these two; behind it the second is found.
TEST(TensorRt, FindsWhatLiesBehindTheFirstRefusal) {
  auto model = typed_model(
      "g (float[1,4,8,8] x) => (float[1,4,8,8] y) { [first] a = LRN <size = 4> (x) b = Relu(a) "
      "[second] y = LRN <size = 2> (b) }");
  const auto refusals = refusals_of(*model);
  ASSERT_EQ(refusals.size(), 2u);
  EXPECT_EQ(refusals[0].first, "first");
  EXPECT_EQ(refusals[1].first, "second");
  EXPECT_EQ(refusals[0].second.id, "unsupported_attribute");
  EXPECT_THAT(refusals[0].second.evidence, testing::HasSubstr("INVALID_NODE"));
}

// What the table refuses does not keep the parser from the rest.
TEST(TensorRt, LooksBehindWhatTheTableRefuses) {
  auto model = typed_model(
      "g (uint16[1,4,8,8] x) => (float[1,4,8,8] y) { [narrow] a = Add(x, x) [cast] b = Cast <to = "
      "1> (a) [norm] y = LRN <size = 4> (b) }");
  const auto refusals = refusals_of(*model);
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].first, "norm");
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
