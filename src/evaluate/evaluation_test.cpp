#include "evaluate/evaluation.h"

#include "onnx_io/export.h"
#include "onnx_io/text_form.h"

namespace acuate {
namespace {

Runnable runnable(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  const auto bytes = model_bytes(**model);
  auto engine = targets().lookup("onnxruntime")->load(ModelSource::memory(as_bytes(*bytes)));
  EXPECT_TRUE(engine) << (engine ? "" : engine.error().message);
  return Runnable::of(std::move(*engine));
}

const MetricRegistry& metric_units() {
  static const MetricRegistry registry = [] {
    MetricRegistry all;
    register_all_metrics(all);
    return all;
  }();
  return registry;
}

Result<std::vector<Tensor>> sample(size_t i) {
  return std::vector<Tensor>{Tensor::of<float>({2}, {1.0F + static_cast<float>(i), 2.0F})};
}
std::string name_of(size_t i) { return "sample " + std::to_string(i); }

TEST(EvaluatePair, MeasuresKnownNoise) {
  auto baseline = runnable("g (float[2] x) => (float[2] y) { y = Identity(x) }");
  auto converted = runnable("g (float[2] x) => (float[2] y) <float k = {1.1}> { y = Mul(x, k) }");
  auto values =
      evaluate_pair(&baseline, converted, {3, sample, name_of},
                    {.metrics = {metric_units().lookup("sqnr")}, .context = {}, .progress = {}});
  ASSERT_TRUE(values) << values.error().message;
  ASSERT_FALSE(values->empty());
  EXPECT_NEAR(*(*values)[0].converted, 20.0, 1e-4);  // an error of a tenth: 20 dB
  EXPECT_EQ((*values)[0].n, 3);
}

TEST(EvaluatePair, AMissingOutputIsNamed) {
  auto baseline = runnable("g (float[2] x) => (float[2] y) { y = Identity(x) }");
  auto converted = runnable("g (float[2] x) => (float[2] z) { z = Identity(x) }");
  auto values =
      evaluate_pair(&baseline, converted, {1, sample, name_of},
                    {.metrics = {metric_units().lookup("sqnr")}, .context = {}, .progress = {}});
  EXPECT_THAT(values.error().message, testing::HasSubstr("no output 'y'"));
}

// A model that labels judge alone: of the rows (1, 2), (2, 2), (3, 2) the last two name class 0.
TEST(EvaluatePair, NeedsNoFloatModelWhereLabelsJudge) {
  auto model =
      runnable("g (float[2] x) => (float[1, 2] y) <int64[2] s = {1, 2}> { y = Reshape(x, s) }");
  DecoderRegistry decoders;
  register_all_decoders(decoders);
  const Decoder* decoder = decoders.lookup("classifier");
  Evaluation evaluation{{metric_units().lookup("top1")},
                        {.decoder = decoder, .decoder_options = *complete_options(*decoder, {})}};
  const auto truth = [](size_t, ImageSize) -> Result<Truth> { return Truth{.category = 0}; };
  auto values = evaluate_pair(nullptr, model, {3, sample, name_of, truth}, evaluation);
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_DOUBLE_EQ(*values->at(0).converted, 2.0 / 3);
  EXPECT_FALSE(values->at(0).baseline);
  evaluation.metrics = {metric_units().lookup("sqnr")};
  EXPECT_THAT(
      evaluate_pair(nullptr, model, {3, sample, name_of, truth}, evaluation).error().message,
      testing::HasSubstr("'sqnr' compares with a float model"));
}

}  // namespace
}  // namespace acuate
