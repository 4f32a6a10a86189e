#include "targets/quantization.h"

#include "graph/verify.h"
#include "onnx_io/authority.h"
#include "onnx_io/text_form.h"
#include "targets/target.h"

namespace acuate {
namespace {

constexpr const char* kHeader = "<ir_version: 8, opset_import: [\"\" : 17]>\n";

std::unique_ptr<Model> model_of(const std::string& graph) {
  auto model = parse_text_model(kHeader + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  // What inference would say; all of these are float32.
  for (Value* value : (*model)->graph().values())
    if (value->type.kind == ValueType::Kind::Unknown) {
      value->type.kind = ValueType::Kind::Tensor;
      value->type.element = ElementType::Float;
    }
  return std::move(*model);
}

const QuantizationRules kSigned{.target = "a target", .schemes = {"s8"}};
const QuantizationRules kOffset{.target = "a target",
                                .schemes = {"s8"},
                                .signed_grid = QuantizationRules::SignedGrid::UnsignedWithOffset};

constexpr const char* kNet =
    R"(net (float[1,1,4,4] x) => (float[1,2,4,4] y) <float[2,1,1,1] w = {1.0, -2.0}, float[2] b = {0.5, 0.25}, float[2,2,1,1] v = {1.0, 2.0, 3.0, 4.0}> {
    c = Conv(x, w, b)  r = Relu(c)  h = Conv(r, v)  t = ConvTranspose(h, v)  y = Sigmoid(t) })";

QuantizationPlan plan_of(Model& model, const char* target,
                         const QuantizationRequest& request = {}) {
  auto plan = targets().lookup(target)->backend->plan_quantization(model, request);
  EXPECT_TRUE(plan) << (plan ? "" : plan.error().message);
  return plan ? std::move(*plan) : QuantizationPlan{};
}

std::vector<std::string> names(const QuantizationPlan& plan) {
  std::vector<std::string> out;
  for (const auto& activation : plan.activations)
    out.push_back(std::string(activation.value->name) + ":" + activation.scheme);
  return out;
}

TEST(PlanAroundThem, QuantizesAroundThemAndSaysWhatStays) {
  auto model = model_of(kNet);
  const auto plan = plan_of(*model, "onnxruntime", {.scheme = "s8", .exclude = {}, .on_host = {}});
  EXPECT_THAT(names(plan),
              testing::ElementsAre("x:s8", "r:u8", "h:s8"));  // c is inside the fused kernel
  EXPECT_EQ(plan.weights.size(), 2U);
  ASSERT_EQ(plan.kept_float.size(), 1U);
  EXPECT_THAT(plan.kept_float[0].reason, testing::HasSubstr("ConvTranspose"));
}

TEST(PlanAroundThem, ExcludedNodesStay) {
  auto model = model_of(kNet);
  const auto plan =
      plan_of(*model, "onnxruntime", {.scheme = "s16", .exclude = {"@c"}, .on_host = {}});
  EXPECT_THAT(names(plan), testing::ElementsAre("r:s16", "h:s16"));
  EXPECT_EQ(plan.kept_float.size(), 2U);
}

TEST(NonNegative, FollowsWhatKeepsTheSign) {
  auto model = model_of(
      R"(net (float[1,1,4,4] x) => (float[1,1,4,4] y) <float zero = {0.0}, float six = {6.0}, float low = {-1.0}> {
    a = Relu(x)  b = MaxPool<kernel_shape = [1, 1]>(a)  c = Clip(x, zero, six)  d = Concat<axis = 1>(b, c)  e = Clip(x, low, six)  f = Add(a, e)  y = Add(d, f) })");
  const auto judge = [&](const char* name) { return is_non_negative(*model->graph().find(name)); };
  EXPECT_TRUE(judge("a") && judge("b") && judge("c") && judge("d"));
  EXPECT_FALSE(judge("x") || judge("e") || judge("f") || judge("y"));
}

Encodings encodings() {
  const auto tensor = [](const char* name, Quantization quantization) {
    TensorEncoding encoding;
    encoding.tensor = name;
    encoding.quantization = std::move(quantization);
    return encoding;
  };
  const Scheme &s8 = *schemes().lookup("s8"), &u8 = *schemes().lookup("u8");
  const FloatRange ranges[] = {{0, 1}, {-2, 0}};
  return {{tensor("x", s8.from_range(-1, 1)), tensor("r", u8.from_range(0, 2.55)),
           tensor("h", s8.from_range(-4, 4)), tensor("w", s8.from_ranges(ranges, 0, true)),
           tensor("v", s8.from_ranges(ranges, 0, true))}};
}

TEST(EmitQdq, WritesPairsIntegerWeightsAndBiases) {
  auto model = model_of(kNet);
  ASSERT_TRUE(emit_qdq(*model, encodings(), kOffset));
  EXPECT_TRUE(verify(*model).empty());
  EXPECT_TRUE(check_operators(*model).empty());
  check_invariants(*model);
  const Node* conv = model->graph().find("c")->producer;
  for (size_t slot = 0; slot < 3; ++slot)
    EXPECT_EQ(conv->input(slot)->producer->op_type(), "DequantizeLinear");
  const Node* data = conv->input(0)->producer;
  const auto zero_point = model->load(*data->input(2)->initializer);
  EXPECT_EQ(zero_point->type(), ElementType::Uint8);  // s8 renamed
  EXPECT_EQ(zero_point->values<uint8_t>()[0], 128);
  const Node* weight = conv->input(1)->producer;
  EXPECT_EQ(weight->int_attribute("axis", -9), 0);
  const auto integers = model->load(*weight->input(0)->initializer);
  EXPECT_EQ(integers->type(), ElementType::Int8);
  EXPECT_EQ(integers->values<int8_t>()[0], 127);
  EXPECT_EQ(integers->values<int8_t>()[1], -127);
  const Node* bias = conv->input(2)->producer;
  const auto bias_integers = model->load(*bias->input(0)->initializer);
  EXPECT_EQ(bias_integers->type(), ElementType::Int32);
  const double scale = (1.0 / 127) * (1.0 / 127);
  EXPECT_EQ(bias_integers->values<int32_t>()[0], std::lround(0.5 / scale));
  const Node* relu = model->graph().find("r")->producer;
  EXPECT_EQ(relu->op_type(), "Relu");
  const auto relu_zero =
      model->load(*model->graph().find("r")->uses()[0].node->input(2)->initializer);
  EXPECT_EQ(relu_zero->values<uint8_t>()[0], 0);
}

TEST(EmitQdq, ANodeThatStaysInFloatReadsTheFloatWeight) {
  auto model = model_of(
      R"(net (float[1,1,4,4] x) => (float[1,2,4,4] h, float[1,2,4,4] f) <float[2,1,1,1] w = {1.0, -2.0}> { h = Conv(x, w)  f = Conv(x, w) })");
  Encodings all = encodings();
  std::erase_if(all.tensors,
                [](const TensorEncoding& e) { return e.tensor == "r" || e.tensor == "v"; });
  ASSERT_TRUE(emit_qdq(*model, all, kSigned));
  EXPECT_EQ(model->graph().find("f")->producer->input(1)->name, "w");
  EXPECT_EQ(model->graph().find("h_float")->producer->input(1)->name, "w_dequantized");
}

TEST(EmitQdq, SignedGridStaysSigned) {
  auto model = model_of(kNet);
  ASSERT_TRUE(emit_qdq(*model, encodings(), kSigned));
  EXPECT_EQ(model->graph().find("c")->producer->input(0)->producer->input(2)->initializer->type,
            ElementType::Int8);
}

TEST(EmitQdq, AnOutputKeepsItsName) {
  auto model = model_of(
      R"(net (float[1,1,4,4] x) => (float[1,2,4,4] h) <float[2,1,1,1] w = {1.0, -2.0}> { h = Conv(x, w) })");
  Encodings all = encodings();
  std::erase_if(all.tensors,
                [](const TensorEncoding& e) { return e.tensor == "r" || e.tensor == "v"; });
  ASSERT_TRUE(emit_qdq(*model, all, kSigned));
  EXPECT_EQ(model->graph().outputs()[0]->name, "h");
  EXPECT_EQ(model->graph().outputs()[0]->producer->op_type(), "DequantizeLinear");
}

TEST(EmitQdq, RefusesWhatDoesNotFit) {
  auto model = model_of(kNet);
  Encodings all = encodings();
  all.tensors[0].tensor = "ghost";
  EXPECT_THAT(emit_qdq(*model, all, kSigned).error().message,
              testing::HasSubstr("'ghost', which the model does not have"));
  auto old = parse_text_model(
      R"(<ir_version: 6, opset_import: ["" : 11]> net (float[1] x) => (float[1] y) { y = Relu(x) })");
  EXPECT_THAT(emit_qdq(**old, {}, kSigned).error().message, testing::HasSubstr("opset 13"));
}

}  // namespace
}  // namespace acuate
