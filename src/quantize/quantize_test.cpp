#include "quantize/quantize.h"

#include <cmath>

#include "graph/verify.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_of(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return std::move(*model);
}

constexpr const char* kNet =
    R"(net (float[1,1,4,4] x) => (float[1,2,4,4] y) <float[2,1,1,1] w = {1.0, -2.0}, float[2] b = {0.5, 0.25}> {
  c = Conv(x, w, b)  y = Relu(c) }
)";

Result<std::vector<Tensor>> ramp(size_t sample) {
  Tensor x = Tensor::allocate(ElementType::Float, {1, 1, 4, 4});
  for (size_t i = 0; i < 16; ++i)
    x.mutable_values<float>()[i] = (static_cast<float>(i) - 8) * static_cast<float>(sample + 1) / 8;
  return std::vector<Tensor>{x};
}

const Target& runtime() { return *targets().lookup("onnxruntime"); }

TEST(Calibrate, ReadsInputsAndActivationsOnce) {
  auto model = model_of(kNet);
  auto calibration = calibrate(*model, runtime(), {"x", "y"}, 2, ramp);
  ASSERT_TRUE(calibration) << calibration.error().message;
  EXPECT_EQ(calibration->histograms.at("x").range(), (FloatRange{-2, 1.75}));
  EXPECT_EQ(calibration->histograms.at("x").total(), 32U);
  EXPECT_EQ(calibration->histograms.at("y").range(), (FloatRange{0, 4.25}));  // −2 · −2 + 0.25
  EXPECT_EQ(calibration->histograms.at("y").sample_ranges().size(), 2U);
}

TEST(Calibrate, PiecesGiveTheSame) {
  auto model = model_of(
      R"(net (float[1,1,4,4] x) => (float[1,1,4,4] y) { a = Relu(x)  b = Neg(a)  y = Exp(b) })");
  for (Value* value : model->graph().values()) value->type = model->graph().inputs()[0]->type;
  auto whole = calibrate(*model, runtime(), {"x", "a", "b", "y"}, 3, ramp);
  auto pieces = calibrate(*model, runtime(), {"x", "a", "b", "y"}, 3, ramp,
                          {.threads = 1, .max_memory_bytes = 1, .progress = {}});
  ASSERT_TRUE(whole && pieces) << whole.error().message;
  EXPECT_EQ(whole->histograms, pieces->histograms);
}

TEST(Calibrate, SaysWhichSampleIsNotFinite) {
  auto model = model_of(kNet);
  auto quantized = quantize_model(*model, runtime(), 3, [](size_t sample) {
    auto inputs = ramp(sample);
    if (sample == 1) (*inputs)[0].mutable_values<float>()[3] = NAN;
    return inputs;
  });
  ASSERT_FALSE(quantized);
  EXPECT_THAT(quantized.error().message,
              testing::HasSubstr("'x' is NaN or infinite in calibration sample 1"));
}

TEST(Quantize, OutputsStayWithinTheGridsError) {
  auto model = model_of(kNet);
  auto quantized = quantize_model(*model, runtime(), 2, ramp,
                                  {.request = {},
                                   .range = "minmax",
                                   .calibration = {},
                                   .recover = {},
                                   .hybrid = {},
                                   .hybrid_share = {},
                                   .hybrid_sqnr_db = {},
                                   .measured = nullptr});
  ASSERT_TRUE(quantized) << quantized.error().message;
  EXPECT_TRUE(verify(*quantized->model).empty());
  EXPECT_EQ(quantized->encodings.find("y")->quantization.scheme, "u8");
  const auto bytes = model_bytes(*quantized->model);
  auto engine = runtime().load(ModelSource::memory(as_bytes(*bytes)));
  ASSERT_TRUE(engine) << engine.error().message;
  const auto inputs = *ramp(1);
  const auto outputs = (*engine)->run(inputs);
  ASSERT_TRUE(outputs);
  // |y − y'| ≤ |w| · step(x)/2 + |x| · step(w)/2 + step(y)/2 + step(bias)/2, each step from the
  // chosen grids.
  const double step_x = quantized->encodings.find("x")->quantization.scale[0],
               step_y = quantized->encodings.find("y")->quantization.scale[0];
  const auto step_w = quantized->encodings.find("w")->quantization.scale;
  const double w[] = {1, -2}, b[] = {0.5, 0.25};
  for (size_t c = 0; c < 2; ++c)
    for (size_t i = 0; i < 16; ++i) {
      const double x = inputs[0].values<float>()[i], expected = std::max(0.0, w[c] * x + b[c]);
      const double bound = std::abs(w[c]) * step_x / 2 + std::abs(x) * step_w[c] / 2 + step_y / 2 +
                           step_x * step_w[c];
      EXPECT_NEAR((*outputs)[0].values<float>()[c * 16 + i], expected, bound * 1.01);
    }
}

TEST(Quantize, RefusesWhatIsQuantizedOrHasNothingToQuantize) {
  auto relu = model_of(R"(net (float[1,1,4,4] x) => (float[1,1,4,4] y) { y = Relu(x) })");
  EXPECT_THAT(quantize_model(*relu, runtime(), 1, ramp).error().message,
              testing::HasSubstr("nothing to quantize"));
  auto quantized = model_of(
      R"(net (float[1,1,4,4] x) => (uint8[1,1,4,4] y) <float s = {1.0}> { y = QuantizeLinear(x, s) })");
  EXPECT_THAT(quantize_model(*quantized, runtime(), 1, ramp).error().message,
              testing::HasSubstr("quantized already"));
  auto net = model_of(kNet);
  EXPECT_THAT(quantize_model(*net, runtime(), 0, ramp).error().message,
              testing::HasSubstr("at least one sample"));
}

}  // namespace
}  // namespace acuate
