#include "targets/onnxruntime/widen_bfloat16.h"

#include <bit>

#include <gtest/gtest.h>

#include "graph/verify.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "targets/target.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_of(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 10, opset_import: [\"\" : 22]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return std::move(*model);
}

// To the nearest bfloat16, ties to even.
float rounded(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000U);
}

Tensor bfloat16_of(const Shape& shape, const std::vector<float>& values) {
  Tensor out = Tensor::allocate(ElementType::Bfloat16, shape);
  for (size_t i = 0; i < values.size(); ++i)
    out.mutable_values<uint16_t>()[i] =
        static_cast<uint16_t>(std::bit_cast<uint32_t>(rounded(values[i])) >> 16);
  return out;
}

std::vector<float> floats(const Tensor& tensor) {
  std::vector<float> out;
  for (const uint16_t bits : tensor.values<uint16_t>())
    out.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits) << 16));
  return out;
}

// As the target loads it.
std::vector<Tensor> run(const Model& model, const std::vector<Tensor>& inputs) {
  const auto bytes = model_bytes(model);
  auto engine = resolve_target("onnxruntime")->load(ModelSource::memory(as_bytes(*bytes)), {});
  EXPECT_TRUE(engine) << engine.error().message;
  if (!engine) return {};
  auto outputs = (*engine)->run(inputs);
  EXPECT_TRUE(outputs) << outputs.error().message;
  return outputs ? std::move(*outputs) : std::vector<Tensor>{};
}

const std::vector<float> kA = {1.0078125F, -2.5F, 3.140625F, 0.0078125F};
const std::vector<float> kB = {1.0078125F, 3.015625F, -1.4140625F, 7.90625F};

TEST(WidenBfloat16, EveryResultIsRounded) {
  const auto model = model_of(R"(net (bfloat16[2,2] a, bfloat16[2,2] b) => (bfloat16[2,2] y) {
    p = Mul(a, b)  s = Add(p, a)  t = Transpose <perm = [0, 1]> (s)  y = Mul(t, b) })");
  const auto outputs = run(*model, {bfloat16_of({2, 2}, kA), bfloat16_of({2, 2}, kB)});
  ASSERT_EQ(outputs.size(), 1U);
  ASSERT_EQ(outputs[0].type(), ElementType::Bfloat16);
  bool differs = false;
  for (size_t i = 0; i < kA.size(); ++i) {
    const float product = rounded(kA[i] * kB[i]);
    EXPECT_EQ(floats(outputs[0])[i], rounded(rounded(product + kA[i]) * kB[i])) << i;
    differs |=
        rounded(rounded(product + kA[i]) * kB[i]) != rounded((kA[i] * kB[i] + kA[i]) * kB[i]);
  }
  EXPECT_TRUE(differs) << "rounding once would not be told apart";
}

TEST(WidenBfloat16, FloatBordersAndWeights) {
  const auto model =
      model_of(R"(net (float[1,2] x) => (float[1,2] y) <float[2,2] w = {1.003, -0.7, 0.3, 2.1}> {
    v = Cast <to = 16> (w)  h = Cast <to = 16> (x)  m = MatMul(h, v)  r = Relu(m)  y = Cast <to = 1> (r) })");
  const Tensor x = Tensor::of<float>({1, 2}, {0.1F, -3.3F});
  const auto outputs = run(*model, {x});
  ASSERT_EQ(outputs.size(), 1U);
  const float a = rounded(0.1F), b = rounded(-3.3F);
  const float w[] = {rounded(1.003F), rounded(-0.7F), rounded(0.3F), rounded(2.1F)};
  EXPECT_EQ(outputs[0].values<float>()[0], std::max(0.0F, rounded(a * w[0] + b * w[2])));
  EXPECT_EQ(outputs[0].values<float>()[1], std::max(0.0F, rounded(a * w[1] + b * w[3])));
}

TEST(WidenBfloat16, BodiesThatReadOuterValues) {
  const auto model = model_of(R"(net (bfloat16[2] a, bool c) => (bfloat16[2] y, bfloat16[2] a2) {
    p = Mul(a, a)
    y = If(c) <then_branch = t () => (bfloat16[2] u) { u = Add(p, a) },
               else_branch = e () => (bfloat16[2] v) { v = Mul(p, a) }>
    a2 = Identity(a) })");
  for (const bool condition : {true, false}) {
    const auto outputs =
        run(*model, {bfloat16_of({2}, {1.0078125F, -2.5F}), Tensor::of<bool>({}, {condition})});
    ASSERT_EQ(outputs.size(), 2U);
    for (size_t i = 0; i < 2; ++i) {
      const float a = kA[i], p = rounded(a * a);
      EXPECT_EQ(floats(outputs[0])[i], rounded(condition ? p + a : p * a));
      EXPECT_EQ(floats(outputs[1])[i], a);
    }
  }
}

TEST(WidenBfloat16, OtherModelsStay) {
  const auto model = model_of("net (float[2] x) => (float[2] y) { y = Relu(x) }");
  const std::string before = *model_bytes(*model);
  EXPECT_EQ(*widen_bfloat16(*model), 0U);
  EXPECT_EQ(*model_bytes(*model), before);
}

TEST(WidenBfloat16, TheResultIsAValidModel) {
  const auto model =
      model_of(R"(net (bfloat16[2] a) => (bfloat16[2] y, bfloat16[2] z, bfloat16[2] b) {
    y = Relu(a)  z = Neg(y)  b = Cast <to = 16> (z) })");
  EXPECT_EQ(*widen_bfloat16(*model), 4U);
  EXPECT_TRUE(verify(*model).empty());
  EXPECT_EQ(model->graph().outputs()[0]->name, "y");
  EXPECT_EQ(model->graph().outputs()[0]->type.element, ElementType::Bfloat16);
}

}  // namespace
}  // namespace acuate
