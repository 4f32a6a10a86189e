// What is emitted, as ONNX Runtime computes it, against the grids themselves.
#include <set>

#include <gtest/gtest.h>

#include "numeric/quantize_values.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "targets/target.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_of(int opset, const std::string& graph) {
  auto model = parse_text_model(fmt::format("<ir_version: {}, opset_import: [\"\" : {}]>\n{}",
                                            opset < 21 ? 8 : 10, opset, graph));
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  for (Value* value : (*model)->graph().values())
    if (value->type.kind == ValueType::Kind::Unknown) {
      value->type.kind = ValueType::Kind::Tensor;
      value->type.element = ElementType::Float;
    }
  return std::move(*model);
}

TensorEncoding encoding(const char* tensor, Quantization quantization) {
  TensorEncoding encoding;
  encoding.tensor = tensor;
  encoding.quantization = std::move(quantization);
  return encoding;
}

const Target& runtime() { return *targets().lookup("onnxruntime"); }

Tensor run(const Model& model, const Tensor& x, Optimization optimization) {
  auto bytes = model_bytes(model);
  EXPECT_TRUE(bytes);
  auto engine = targets()
                    .lookup("onnxruntime")
                    ->load(ModelSource::memory(as_bytes(*bytes)),
                           {.threads = 1, .optimization = optimization});
  EXPECT_TRUE(engine) << (engine ? "" : engine.error().message);
  if (!engine) return {};
  auto outputs = (*engine)->run(std::vector<Tensor>{x});
  EXPECT_TRUE(outputs) << (outputs ? "" : outputs.error().message);
  return outputs ? (*outputs)[0] : Tensor{};
}

Tensor ramp() {
  Tensor x = Tensor::allocate(ElementType::Float, {1, 1, 4, 8});
  for (size_t i = 0; i < 32; ++i)
    x.mutable_values<float>()[i] = (static_cast<float>(i) - 13) * 0.1234567F;
  return x;
}

constexpr const char* kConv =
    R"(net (float[1,1,4,8] x) => (float[1,2,4,8] y) <float[2,1,1,1] w = {1.0, -2.0}, float[2] b = {0.5, 0.25}> {
    c = Conv(x, w, b)  y = Relu(c) })";

// Relu(w · x' + b) on the grid of y, in double; w is exact on its grid.
std::vector<double> expected(const Tensor& x, const Quantization& of_x, const Quantization& of_y) {
  Tensor on_grid = Tensor::of<float>(x.shape(), x.values<float>());
  EXPECT_TRUE(fake_quantize(on_grid, of_x));
  const double w[] = {1, -2}, b[] = {0.5, 0.25};
  std::vector<double> y;
  for (size_t c = 0; c < 2; ++c)
    for (const float value : on_grid.values<float>())
      y.push_back(std::min(std::max(0.0, w[c] * value + b[c]),
                           of_y.grid().scale * static_cast<double>(of_y.grid().highest)));
  return y;
}

Encodings encodings(std::string_view of_x, std::string_view of_y) {
  const FloatRange ranges[] = {{-1, 1}, {-2, 2}};
  return {{encoding("x", schemes().lookup(of_x)->from_range(-1.7, 2.3)),
           encoding("y", schemes().lookup(of_y)->from_range(0, 3.5)),
           encoding("w", schemes().lookup("s8")->from_ranges(ranges, 0, true))}};
}

class Schemes16 : public testing::TestWithParam<std::tuple<int, const char*, const char*>> {};

TEST_P(Schemes16, RunInOnnxRuntimeBesideEightBits) {
  const auto [opset, of_x, of_y] = GetParam();
  const Encodings all = encodings(of_x, of_y);
  auto model = model_of(opset, kConv);
  ASSERT_TRUE(runtime().backend->emit_quantized(*model, all));
  const Node* quantize = model->graph().find("x")->uses()[0].node;
  EXPECT_EQ(quantize->domain(),
            opset < 21 && std::string_view(of_x).ends_with("16") ? "com.microsoft" : "");
  const Quantization &grid_x = all.tensors[0].quantization, &grid_y = all.tensors[1].quantization;
  const std::vector<double> wanted = expected(ramp(), grid_x, grid_y);
  // Half a step of y, and that of the integer bias.
  const double bound = grid_y.scale[0] * 0.501 + grid_x.scale[0] * 2.0 / 127;
  for (const Optimization optimization : {Optimization::None, Optimization::All}) {
    const Tensor y = run(*model, ramp(), optimization);
    for (size_t i = 0; i < wanted.size(); ++i)
      EXPECT_NEAR(y.values<float>()[i], wanted[i], bound) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Opsets, Schemes16,
                         testing::Combine(testing::Values(13, 17, 20, 21, 23),
                                          testing::Values("s16", "u16", "s8"),
                                          testing::Values("s16", "u16", "u8")));

constexpr const char* kClipped =
    R"(net (float[1,1,4,8] x) => (float[1,2,4,8] y) <float[2,1,1,1] w = {1.0, -2.0}, float[2] b = {0.5, 0.25}, float low = {0.0}, float high = {BOUND}> {
    c = Conv(x, w, b)  y = Clip(c, low, high) })";

std::string clipped_at(const std::string& bound) {
  std::string text = kClipped;
  return text.replace(text.find("BOUND"), 5, bound);
}

// ONNX Runtime drops a Clip, and runs the convolution before it in integers, where no point of the
// grid lies beyond the bound in float32.
TEST(EmitQdq, AGridThatEndsAtAClipLetsItBeFused) {
  for (const float bound : {6.0F, 1.0F, 0.1F, 3.3F, 20.0F, 0.7F, 123.456F}) {
    auto model = model_of(17, clipped_at(fmt::format("{:.8e}", bound)));
    Encodings all = encodings("u8", "u8");
    all.tensors[1].quantization = schemes().lookup("u8")->from_range(0, bound);
    EXPECT_LE(all.tensors[1].quantization.scale[0] * 255.0F, bound);
    EXPECT_NEAR(all.tensors[1].quantization.scale[0] * 255.0F, bound, bound * 3e-7);
    ASSERT_TRUE(runtime().backend->emit_quantized(*model, all));
    auto bytes = model_bytes(*model);
    auto engine =
        runtime().load(ModelSource::memory(as_bytes(*bytes)), {.threads = 1, .profile = true});
    ASSERT_TRUE(engine) << engine.error().message;
    ASSERT_TRUE((*engine)->run(std::vector<Tensor>{ramp()}));
    auto profile = (*engine)->profile();
    ASSERT_TRUE(profile);
    std::set<std::string> kernels;
    for (const KernelRecord& kernel : profile->kernels) kernels.insert(kernel.op_type);
    EXPECT_TRUE(kernels.count("QLinearConv") > 0 && kernels.count("Clip") == 0)
        << bound << ": " << fmt::format("{}", fmt::join(kernels, ", "));
  }
}

// A grid that reaches below the Clip, as a symmetric one of 16 bits does, must not undo it.
TEST(EmitQdq, AWiderGridKeepsTheClip) {
  for (const char* scheme : {"s16", "u16", "dfp16", "fp16"}) {
    auto model = model_of(17, clipped_at("2.0"));
    Encodings all = encodings("u8", scheme);
    all.tensors[1].quantization = schemes().lookup(scheme)->from_range(-3, 20);
    ASSERT_TRUE(runtime().backend->emit_quantized(*model, all));
    for (const Optimization optimization : {Optimization::None, Optimization::All}) {
      const Tensor y = run(*model, ramp(), optimization);
      const auto values = y.values<float>();
      EXPECT_NEAR(*std::min_element(values.begin(), values.end()), 0, 1e-6) << scheme;
      EXPECT_NEAR(*std::max_element(values.begin(), values.end()), 2, 1e-3) << scheme;
    }
  }
}

// Engines refuse two nodes of one name.
TEST(EmitQdq, ABiasThatNodesShareIsQuantizedForEach) {
  auto model = model_of(17, R"(net (float[1,1,4,8] x) => (float[1,2,4,8] y, float[1,2,4,8] z) <
    float[2,1,1,1] w = {1.0, -2.0}, float[2,1,1,1] v = {3.0, 1.0}, float[2] b = {0.5, 0.25}> {
    y = Conv(x, w, b)  z = Conv(x, v, b) })");
  Encodings encodings;
  for (const char* name : {"x", "y", "z"})
    encodings.tensors.push_back(encoding(name, schemes().lookup("u8")->from_range(-4, 4)));
  for (const char* name : {"w", "v"})
    encodings.tensors.push_back(encoding(name, schemes().lookup("s8")->from_range(-3, 3)));
  ASSERT_TRUE(runtime().backend->emit_quantized(*model, encodings));
  EXPECT_EQ(run(*model, ramp(), Optimization::Basic).size(), 64);
  std::set<std::string> names;
  for (const Node* node = model->graph().first(); node != nullptr; node = node->next())
    EXPECT_TRUE(names.insert(std::string(node->name())).second || node->name().empty());
}

}  // namespace
}  // namespace acuate
