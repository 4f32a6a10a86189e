#include "quantize/gradient.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "quantize/backward.h"
#include "quantize/gradient_test_support.h"
#include "targets/target.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_of(const std::string& graph, int opset) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : " + std::to_string(opset) +
                                "]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return model ? std::move(*model) : nullptr;
}

std::unique_ptr<Engine> engine_of(const Model& model) {
  const auto bytes = model_bytes(model);
  EXPECT_TRUE(bytes);
  auto engine = targets()
                    .lookup("onnxruntime")
                    ->load(ModelSource::memory(as_bytes(*bytes)),
                           {.threads = 1, .optimization = Optimization::None});
  EXPECT_TRUE(engine) << (engine ? "" : engine.error().message);
  return engine ? std::move(*engine) : nullptr;
}

std::vector<std::string> input_names(const Model& model) {
  std::vector<std::string> names;
  for (const Value* input : model.graph().inputs()) names.emplace_back(input->name);
  return names;
}

// Σ v y over the float32 outputs.
double loss(Engine& engine, const std::vector<Tensor>& inputs, const std::vector<Tensor>& seeds,
            const std::vector<std::string>& names) {
  const auto outputs = engine.run(inputs, names);
  EXPECT_TRUE(outputs) << (outputs ? "" : outputs.error().message);
  double sum = 0;
  for (size_t i = 0; i < seeds.size(); ++i)
    for (size_t k = 0; k < seeds[i].values<float>().size(); ++k)
      sum += static_cast<double>(seeds[i].values<float>()[k]) *
             static_cast<double>((*outputs)[i].values<float>()[k]);
  return sum;
}

}  // namespace

void expect_gradients(const std::string& graph, bool positive, int opset) {
  SCOPED_TRACE(graph);
  const auto model = model_of(graph, opset);
  ASSERT_NE(model, nullptr);
  const std::vector<std::string> names = input_names(*model);
  auto backward = build_backward(*model, names);
  ASSERT_TRUE(backward) << backward.error().message;
  for (const auto& missing : backward->not_reached)
    ADD_FAILURE() << missing.tensor << ": " << missing.reason;
  const auto forward = engine_of(*model), engine = engine_of(*backward->model);
  ASSERT_TRUE(forward != nullptr && engine != nullptr);
  std::mt19937 random(7);
  std::vector<Tensor> inputs, seeds;
  for (const IoSpec& input : engine->inputs()) {
    Tensor tensor = Tensor::allocate(ElementType::Float, input.shape);
    const auto values = tensor.mutable_values<float>();
    std::vector<size_t> places(values.size());  // all magnitudes differ: who is largest stays so
    std::iota(places.begin(), places.end(), 0);
    std::shuffle(places.begin(), places.end(), random);
    const float offset = (inputs.size() + seeds.size()) % 2 == 0 ? 0.0F : 0.5F;
    for (size_t k = 0; k < values.size(); ++k)
      values[k] =
          (0.3F + (static_cast<float>(places[k]) + offset) / static_cast<float>(values.size())) *
          (positive || random() % 2 == 0 ? 1.0F : -1.0F);
    (inputs.size() < names.size() ? inputs : seeds).push_back(tensor);
  }
  std::vector<std::string> seeded, gradients;
  for (const auto& seed : backward->seeds) seeded.push_back(seed.output);
  for (const auto& gradient : backward->gradients) gradients.push_back(gradient.output);
  ASSERT_EQ(gradients.size(), names.size());
  std::vector<Tensor> all = inputs;
  all.insert(all.end(), seeds.begin(), seeds.end());
  const auto found = engine->run(all, gradients);
  ASSERT_TRUE(found) << found.error().message;
  constexpr float kStep = 1.0F / 128;
  for (size_t i = 0; i < inputs.size(); ++i)
    for (size_t k = 0; k < inputs[i].values<float>().size(); ++k) {
      Tensor copy = Tensor::of<float>(inputs[i].shape(), inputs[i].values<float>());
      std::swap(copy, inputs[i]);
      float& x = inputs[i].mutable_values<float>()[k];
      const float exact = x;
      x = exact + kStep;
      double difference = loss(*forward, inputs, seeds, seeded);
      x = exact - kStep;
      difference = (difference - loss(*forward, inputs, seeds, seeded)) / (2.0 * kStep);
      std::swap(copy, inputs[i]);
      const double g = static_cast<double>((*found)[i].values<float>()[k]);
      ASSERT_NEAR(g, difference, 2e-3 * (1 + std::abs(difference))) << names[i] << " element " << k;
    }
}

std::string not_reached(const std::string& graph, int opset) {
  const auto model = model_of(graph, opset);
  const auto backward = build_backward(*model, {"x"});
  if (!backward) return backward.error().message;
  return backward->not_reached.empty() ? "" : backward->not_reached[0].reason;
}

namespace {

TEST(Gradient, EveryFamilySaysWhatItIsFor) {
  for (const GradientFamily& family : gradient_families().all()) {
    EXPECT_FALSE(family.doc.empty()) << family.id;
    EXPECT_FALSE(family.operators.empty()) << family.id;
  }
}

TEST(Gradient, RulesAreFoundByOperatorOfTheStandardDomain) {
  const auto model = model_of("g (float[1] x) => (float[1] z) { y = Relu(x) z = Relu(y) }", 17);
  EXPECT_NE(find_gradient_rule(*model->graph().first()), nullptr);
  model->graph().first()->set_op_type("Relu", "com.example");
  EXPECT_EQ(find_gradient_rule(*model->graph().first()), nullptr);
}

}  // namespace
}  // namespace acuate
