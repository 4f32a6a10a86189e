// Every model of libonnx-testdata and of the fixtures: simplified, it is as sound as before, and
// gives the same outputs on the same inputs, with exact passes alone the same bits. Models that the
// engine does not run are told one by one with the reason; another number of them fails.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "base/text.h"
#include "graph/corpus_test_support.h"
#include "graph/verify.h"
#include "onnx_io/authority.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "rewrite/pass.h"
#include "targets/fold.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

constexpr double kTolerance = 2e-4;  // of the largest value of the output: chains of rounding
                                     // passes through networks of up to 100 layers

// Why a model is not run, by what the engine says.
struct NotRun {
  const char* message;
  const char* reason;
  size_t models;
};
constexpr NotRun kNotRun[] = {
    {"is not a registered function/op", "a training operator, which the engine has not", 9},
    {"Could not find an implementation", "the engine has no kernel for this opset or type", 42},
    {"Exception during initialization", "the engine refuses its attributes or locale", 11},
    {"element type string", "strings are not read by the engines' interface", 1},
    {"no numeric tensor", "strings, sequences and optionals are not fed", 31},
    {"is no tensor", "sequences are not read by the engines' interface", 2},
};

// Noise of the input's type; a dimension that is open becomes 1, 320 where it is a side of an
// image, 512 where it counts the samples of a sound, whose rate is 16 kHz.
Tensor noise(const IoSpec& spec) {
  Shape shape = spec.shape;
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] < 0)
      shape[i] = shape.size() == 4 && i >= 2 ? 320 : shape.size() == 2 && i == 1 ? 512 : 1;
  Tensor tensor = Tensor::allocate(spec.type, shape);
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  if (spec.type == ElementType::Float)
    for (float& value : tensor.mutable_values<float>()) value = normal(random);
  if (spec.name == "sr") tensor.mutable_values<int64_t>()[0] = 16'000;
  return tensor;
}

Result<std::unique_ptr<Engine>> load(const Model& model) {
  auto bytes = model_bytes(model);
  if (!bytes) return bytes.error();
  return targets()
      .lookup("onnxruntime")
      ->load(ModelSource::memory(as_bytes(*bytes)),
             {.threads = 1, .optimization = Optimization::None});
}

Result<std::vector<Tensor>> inputs_for(const fs::path& path, const Engine& engine) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < engine.inputs().size(); ++i) {
    const IoSpec& spec = engine.inputs()[i];
    if (!spec.is_tensor || element_bits(spec.type) == 0)
      return fail("an input is no numeric tensor");
    const fs::path stored = path.parent_path() / "test_data_set_0" / fmt::format("input_{}.pb", i);
    auto tensor = fs::exists(stored) ? read_stored_tensor(stored) : Result<Tensor>(noise(spec));
    if (!tensor) return tensor.error();
    // The files store bfloat16 as what it is wide, and some stand-ins of another shape.
    if (spec.type == ElementType::Bfloat16 && tensor->type() == ElementType::Uint16)
      tensor = Tensor::view(spec.type, tensor->shape(), tensor->bytes(),
                            std::make_shared<Tensor>(*tensor));
    if (!check_inputs({&spec, 1}, {&*tensor, 1})) tensor = noise(spec);
    inputs.push_back(std::move(*tensor));
  }
  return inputs;
}

// Empty where they agree.
std::string difference(const Tensor& before, const Tensor& after, bool exact) {
  if (before.type() != after.type() || before.shape() != after.shape())
    return "another type or shape";
  if (std::ranges::equal(before.bytes(), after.bytes())) return "";
  if (exact || before.type() != ElementType::Float) return "other bits";
  double largest = 0, error = 0;
  for (int64_t i = 0; i < before.size(); ++i) {
    const double x = before.values<float>()[static_cast<size_t>(i)],
                 y = after.values<float>()[static_cast<size_t>(i)];
    if (std::isnan(x) && std::isnan(y)) continue;
    largest = std::max(largest, std::abs(x));
    error = std::max(error, x == y ? 0 : std::abs(x - y));
  }
  return error <= kTolerance * largest ? "" : fmt::format("off by {} of {}", error, largest);
}

// ONNX Runtime packs the weights of recurrent operators when they are constants, and sums in
// another order then: folding what computes the weights changes its last bits, though every folded
// value is the same.
bool is_recurrent(const Model& model) {
  for (const Graph* graph : model.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      if (node->is_op("LSTM") || node->is_op("GRU") || node->is_op("RNN")) return true;
  return false;
}

class SimplifyCorpus : public testing::TestWithParam<bool> {};

TEST_P(SimplifyCorpus, GivesTheSameOutputs) {
  const std::vector<fs::path> paths = models_below(kAllModels);
  ASSERT_GE(paths.size(), 1000U);
  PassContext context;
  context.evaluate = make_evaluator(*targets().lookup("onnxruntime"));
  size_t same = 0, changed = 0, nodes_before = 0, nodes_after = 0;
  std::map<std::string, std::vector<std::string>> not_run;  // by message of kNotRun
  for (const fs::path& path : paths) {
    auto model = import_model(path);
    ASSERT_TRUE(model) << model.error().message;
    auto simple = (*model)->clone();
    ASSERT_TRUE(simplify(*simple, context, {.exact_only = GetParam(), .disabled = {}})) << path;
    EXPECT_LE(verify(*simple).size(), verify(**model).size()) << path;
    EXPECT_LE(check_operators(*simple).size(), check_operators(**model).size()) << path;
    auto engine = load(**model);
    auto inputs = engine ? inputs_for(path, **engine) : Result<std::vector<Tensor>>(engine.error());
    auto expected = inputs ? (*engine)->run(*inputs) : inputs;
    if (!expected) {
      const std::string& message = expected.error().message;
      const auto known = std::ranges::find_if(kNotRun, [&](const NotRun& entry) {
        return message.find(entry.message) != message.npos;
      });
      ASSERT_NE(known, std::end(kNotRun)) << path << " is not run: " << message;
      not_run[known->message].push_back(path.parent_path().filename().string());
      continue;
    }
    nodes_before += (*model)->graph().node_count();
    nodes_after += simple->graph().node_count();
    auto after = load(*simple);
    ASSERT_TRUE(after) << path << ": " << after.error().message;
    auto found = (*after)->run(*inputs);
    ASSERT_TRUE(found) << path << ": " << found.error().message;
    ASSERT_EQ(found->size(), expected->size()) << path;
    const bool random = path.string().find("bernoulli") != std::string::npos ||
                        path.string().find("training_dropout") != std::string::npos;
    for (size_t i = 0; i < found->size() && !random; ++i) {
      const std::string what =
          difference((*expected)[i], (*found)[i], GetParam() && !is_recurrent(**model));
      EXPECT_EQ(what, "") << path << " output " << i;
    }
    ++(simple->graph().node_count() == (*model)->graph().node_count() ? same : changed);
  }
  std::printf("%zu models run alike (%zu of them simplified, %zu to %zu nodes)\n", same + changed,
              changed, nodes_before, nodes_after);
  for (const NotRun& entry : kNotRun) {
    const auto& names = not_run[entry.message];
    std::printf("%zu not run, %s: %s\n", names.size(), entry.reason, join(names, " ").c_str());
    EXPECT_EQ(names.size(), entry.models) << entry.reason;
  }
  EXPECT_GE(same + changed, 1000U);
}

INSTANTIATE_TEST_SUITE_P(Passes, SimplifyCorpus, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "ExactAlone" : "All"; });

}  // namespace
}  // namespace acuate
