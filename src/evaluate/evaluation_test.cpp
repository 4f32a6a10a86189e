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
      evaluate_pair(baseline, converted, 3, sample, name_of,
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
      evaluate_pair(baseline, converted, 1, sample, name_of,
                    {.metrics = {metric_units().lookup("sqnr")}, .context = {}, .progress = {}});
  EXPECT_THAT(values.error().message, testing::HasSubstr("no output 'y'"));
}

}  // namespace
}  // namespace acuate
