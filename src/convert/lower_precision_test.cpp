#include "convert/lower_precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "graph/model.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "shape/infer.h"

namespace acuate {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::unique_ptr<Model> net(std::string_view body, int opset = 17) {
  auto model =
      parse_text_model(fmt::format("<ir_version: 8, opset_import: [\"\" : {}]> {}", opset, body));
  EXPECT_TRUE(model) << model.error().message;
  infer_shapes(**model);
  return std::move(*model);
}

Lowering lower(Model& model, ElementType type = ElementType::Float16,
               const Calibration* measured = nullptr) {
  auto done = lower_precision(model, *targets().lookup("onnxruntime"),
                              {type, [](const Node&) { return true; }, measured});
  EXPECT_TRUE(done) << done.error().message;
  return std::move(*done);
}

std::vector<std::string> ops(const Model& model) {
  std::vector<std::string> names;
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next())
    names.emplace_back(node->op_type());
  return names;
}

std::vector<std::string> reasons(const Lowering& lowering) {
  std::vector<std::string> out;
  for (const auto& [node, reason] : lowering.kept) out.push_back(reason);
  return out;
}

constexpr const char* kTwo = R"(n (float[2] x) => (float[2] y) <float[2] w = {1.0, 3.0}> {
  [a] a = Mul(x, w) [b] y = Add(a, w) })";

std::vector<float> run(const Model& model, const Tensor& x) {
  const auto bytes = model_bytes(model);
  EXPECT_TRUE(bytes);
  auto engine = targets()
                    .lookup("onnxruntime")
                    ->load(ModelSource::memory(
                        {reinterpret_cast<const std::byte*>(bytes->data()), bytes->size()}));
  EXPECT_TRUE(engine) << engine.error().message;
  auto outputs = (*engine)->run(std::vector<Tensor>{x});
  EXPECT_TRUE(outputs) << outputs.error().message;
  const auto values = outputs->at(0).values<float>();
  return {values.begin(), values.end()};
}

TEST(LowerPrecision, CastsStandAtTheBordersOnly) {
  const auto model = net(kTwo);
  const Lowering lowering = lower(*model);
  EXPECT_EQ(lowering.nodes.size(), 2U);
  EXPECT_THAT(ops(*model), ElementsAre("Cast", "Mul", "Add", "Cast"));
  const Value* y = model->graph().outputs()[0];
  EXPECT_EQ(y->name, "y");
  EXPECT_EQ(y->type.element, ElementType::Float);
  EXPECT_FALSE(model->graph().find("w")->is_defined());  // stored once, in float16
  EXPECT_EQ(model->graph().find("w_float16")->initializer->type, ElementType::Float16);
  EXPECT_EQ(model->graph().find("w_float16")->uses().size(), 2U);
  EXPECT_THAT(lowering.unmeasured, ElementsAre("x", "a", "y"));
  const Tensor x = Tensor::of<float>({2}, {0.1F, 1000.25F});
  const auto values = run(*model, x);
  // ONNX Runtime's CPU may or may not round to float16 between kernels of float32.
  EXPECT_NEAR(values[0], 1.1, 1.1 * 0x1p-9);
  EXPECT_NEAR(values[1], 3003.75, 3003.75 * 0x1p-9);
}

TEST(LowerPrecision, AReaderInFloat32GetsTheOldName) {
  const auto model = net(kTwo);
  auto done = lower_precision(
      *model, *targets().lookup("onnxruntime"),
      {ElementType::Float16, [](const Node& node) { return node.name() == "a"; }, nullptr});
  ASSERT_TRUE(done);
  EXPECT_THAT(ops(*model), ElementsAre("Cast", "Mul", "Cast", "Add"));
  EXPECT_EQ(model->graph().last()->input(0)->name, "a");
  EXPECT_EQ(model->graph().last()->input(1)->initializer->type, ElementType::Float);
}

TEST(LowerPrecision, WhatExceedsFloat16Stays) {
  const auto model =
      net(R"(n (float[2] x) => (float[2] y) <float w = {70000.0}, float e = {1e-12}> {
    a = Mul(x, w) b = Add(a, e) c = Relu(b) y = Neg(c) })");
  Calibration measured;
  const std::vector<float> low{1, 2}, high{1, 65505};
  for (const char* name : {"x", "a", "b", "y"}) {
    measured.histograms[name].add(low);
    measured.histograms[name].end_sample(0);
  }
  measured.histograms["c"].add(high);
  const Lowering lowering = lower(*model, ElementType::Float16, &measured);
  EXPECT_THAT(ops(*model), ElementsAre("Mul", "Add", "Relu", "Neg"));
  EXPECT_THAT(reasons(lowering),
              ElementsAre(HasSubstr("constant 'w' reaches 70000"), HasSubstr("would be zero"),
                          HasSubstr("'c' reaches 65505"), HasSubstr("'c' reaches 65505")));
  EXPECT_THAT(lowering.unmeasured, IsEmpty());
}

TEST(LowerPrecision, OperandsOfAFixedTypeKeepIt) {
  const auto model =
      net(R"(n (float[1,1,2,2] x) => (float[1,1,4,4] y, int64[4] s, float16[1,1,2,2] h)
    <float[4] k = {1.0, 1.0, 2.0, 2.0}> { y = Resize<mode = "nearest">(x, , k) s = Shape(x) h = Cast<to = 10>(x) })");
  lower(*model);
  EXPECT_THAT(ops(*model), ElementsAre("Cast", "Resize", "Cast", "Shape", "Cast"));
  EXPECT_EQ(model->graph().find("k")->initializer->type, ElementType::Float);
  const auto y = run(*model, Tensor::of<float>({1, 1, 2, 2}, {1, 2, 3, 4}));
  EXPECT_EQ(y[15], 4.0F);
}

TEST(LowerPrecision, BodiesAndScalesStay) {
  const auto model = net(R"(n (float[2] x, bool c) => (float[2] y) <float s = {0.5}, int8 z = {0}> {
    q = QuantizeLinear(x, s, z) d = DequantizeLinear(q, s, z)
    y = If(c) <then_branch = t () => (float[2] u) { u = Neg(d) }, else_branch = e () => (float[2] v) { v = Relu(d) }> })");
  const Lowering lowering = lower(*model);
  EXPECT_THAT(lowering.nodes, IsEmpty());
  EXPECT_THAT(reasons(lowering),
              ElementsAre(HasSubstr("scales"), HasSubstr("scales"), HasSubstr("body")));
}

TEST(LowerPrecision, Bfloat16IsAskedOfTheOperatorsVersion) {
  const auto old = net(R"(n (float[1,1,2,2] x) => (float[1,1,2,2] y) <float[1,1,1,1] w = {1.0}> {
    y = Conv(x, w) })");
  const Lowering lowering = lower(*old, ElementType::Bfloat16);
  EXPECT_THAT(reasons(lowering),
              ElementsAre(HasSubstr("Conv of opset 17 has no result of type bfloat16")));
}

TEST(LowerPrecision, TheTargetIsAsked) {
  const std::string path = testing::TempDir() + "float32_only.yaml";
  ASSERT_TRUE(write_text_file(path, R"(id: toy
name: Toy
revision: "1"
types: [float32]
sources: {own: made up for this test}
operators:
  Mul: {source: own}
  Add: {source: own, types: [float32, float16]}
)"));
  auto target = resolve_target(path);
  ASSERT_TRUE(target) << target.error().message;
  const auto model = net(kTwo);
  auto done = lower_precision(*model, *target,
                              {ElementType::Float16, [](const Node&) { return true; }, nullptr});
  ASSERT_TRUE(done);
  EXPECT_THAT(ops(*model), ElementsAre("Mul", "Cast", "Add", "Cast"));
  EXPECT_THAT(reasons(*done), ElementsAre(HasSubstr("target toy: ")));
  const auto findings = lowering_findings(*done, ModelModuleTree::of(*model), "toy", false);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].id, "precision_not_available");
  EXPECT_THAT(findings[0].nodes, ElementsAre("a"));
  EXPECT_EQ(findings[1].id, "float16_range_unknown");
}

}  // namespace
}  // namespace acuate
