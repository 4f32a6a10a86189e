#include <thread>

#include <gtest/gtest.h>

#include "graph/model.h"
#include "targets/onnxruntime/session.h"
#include "targets/target.h"
#include "targets/tiny_model_test.h"

namespace acuate {
namespace {

using testing::HasSubstr;

std::unique_ptr<Engine> load(const std::string& bytes, const EngineOptions& options = {}) {
  auto engine = resolve_target("onnxruntime")->load(ModelSource::memory(as_bytes(bytes)), options);
  if (!engine) throw std::runtime_error(engine.error().message);
  return std::move(*engine);
}

std::vector<float> floats(const Tensor& tensor) {
  const auto values = tensor.values<float>();
  return {values.begin(), values.end()};
}

const Tensor kA = Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
const Tensor kB = Tensor::of<float>({2, 3}, {6, 5, 4, 3, 2, 1});

TEST(OnnxRuntime, SaysWhichLibraryItUses) {
  const TargetStatus status = resolve_target("onnxruntime")->status();
  ASSERT_TRUE(status.run.available) << status.run.reason;
  EXPECT_TRUE(status.build.available);
  EXPECT_TRUE(status.diagnose.available);
  EXPECT_THAT(status.run.file, HasSubstr("libonnxruntime.so.1"));
  EXPECT_TRUE(check_onnxruntime_version(status.run.version)) << status.run.version;
}

TEST(OnnxRuntime, RefusesVersionsThatDoNotServe) {
  EXPECT_TRUE(check_onnxruntime_version("1.31.1"));
  EXPECT_TRUE(check_onnxruntime_version("1.32.0"));
  EXPECT_TRUE(check_onnxruntime_version("2.0.0"));
  EXPECT_THAT(check_onnxruntime_version("1.31.0").error().message, HasSubstr("too old"));
  EXPECT_THAT(check_onnxruntime_version("1.9.0").error().message, HasSubstr("1.31.1 or later"));
  EXPECT_THAT(check_onnxruntime_version("1.29.0").error().message, HasSubstr("float16"));
}

TEST(OnnxRuntime, TypeNumbersThatDifferAreMapped) {
  for (int number = 1; number <= 26; ++number) {
    const auto type = static_cast<ElementType>(number);
    EXPECT_EQ(from_ort_type(to_ort_type(type)), type) << number;
  }
  EXPECT_EQ(to_ort_type(ElementType::Float8E8M0), ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E8M0);
  EXPECT_EQ(to_ort_type(ElementType::Int4), ONNX_TENSOR_ELEMENT_DATA_TYPE_INT4);
  EXPECT_EQ(from_ort_type(ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT2), ElementType::Uint2);
}

TEST(OnnxRuntime, RunsAModelFromMemory) {
  const auto engine = load(add_mul_model().bytes());
  ASSERT_EQ(engine->inputs().size(), 2u);
  EXPECT_EQ(engine->inputs()[1].name, "b");
  EXPECT_EQ(engine->inputs()[1].text(), "float32[n, 3]");
  EXPECT_EQ(engine->inputs()[1].shape, (std::vector<int64_t>{-1, 3}));
  auto outputs = engine->run(std::vector{kA, kB});
  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_EQ(outputs->size(), 2u);
  EXPECT_EQ(floats((*outputs)[0]), (std::vector<float>{7, 7, 7, 7, 7, 7}));
  EXPECT_EQ(floats((*outputs)[1]), (std::vector<float>{7, 14, 21, 28, 35, 42}));
}

TEST(OnnxRuntime, RunsAModelFromAFile) {
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / "acuate_targets_tiny.onnx";
  std::ofstream(path, std::ios::binary) << add_mul_model().bytes();
  auto engine = resolve_target("onnxruntime")->load(ModelSource::file(path));
  std::filesystem::remove(path);
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_EQ(floats((*engine)->run(std::vector{kA, kB})->at(1)),
            (std::vector<float>{7, 14, 21, 28, 35, 42}));
}

TEST(OnnxRuntime, OutputsAreChosenByNameAndOutliveTheEngine) {
  auto engine = load(add_mul_model().bytes());
  auto outputs = engine->run(std::vector{kA, kB}, std::vector<std::string>{"y"});
  ASSERT_TRUE(outputs) << outputs.error().message;
  engine.reset();
  ASSERT_EQ(outputs->size(), 1u);
  EXPECT_EQ(floats(outputs->front()), (std::vector<float>{7, 14, 21, 28, 35, 42}));
}

TEST(OnnxRuntime, InputsByNameInAnyOrder) {
  const auto engine = load(add_mul_model().bytes());
  auto outputs = engine->run(std::map<std::string, Tensor>{{"b", kB}, {"a", kA}},
                             std::vector<std::string>{"y"});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ(floats(outputs->front()), (std::vector<float>{7, 14, 21, 28, 35, 42}));
}

TEST(OnnxRuntime, WrongInputsAreRefusedWithNameFoundAndExpected) {
  const auto engine = load(add_mul_model().bytes());
  const auto message = [&](const std::vector<Tensor>& inputs) {
    return engine->run(inputs).error().message;
  };
  EXPECT_EQ(message({kA, Tensor::of<float>({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8})}),
            "input 'b': found float32[2, 4], expected float32[n, 3]");
  EXPECT_EQ(message({Tensor::of<double>({2, 3}, {1, 2, 3, 4, 5, 6}), kB}),
            "input 'a': found float64[2, 3], expected float32[n, 3]");
  EXPECT_EQ(message({Tensor::of<float>({3}, {1, 2, 3}), kB}),
            "input 'a': found float32[3], expected float32[n, 3]");
  EXPECT_EQ(message({kA}), "input 'b' (float32[n, 3]) is missing: 1 of 2 inputs were given");
  EXPECT_EQ(message({kA, kB, kB}), "3 inputs were given, but the model has 2: a, b");
  EXPECT_THAT(engine->run(std::map<std::string, Tensor>{{"a", kA}}).error().message,
              HasSubstr("'b' (float32[n, 3]) is missing"));
  EXPECT_THAT(
      engine->run(std::map<std::string, Tensor>{{"a", kA}, {"b", kB}, {"c", kB}}).error().message,
      HasSubstr("no input 'c'"));
  EXPECT_THAT(engine->run(std::vector{kA, kB}, std::vector<std::string>{"x"}).error().message,
              HasSubstr("no output 'x'"));
  // What only the engine can see, it says: n differs between the inputs.
  EXPECT_THAT(message({kA, Tensor::of<float>({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9})}),
              HasSubstr("could not run"));
  EXPECT_TRUE(engine->run(std::vector{kA, kB})) << "the engine must survive refused inputs";
}

TEST(OnnxRuntime, StringsAreRefused) {
  const auto engine = load(TinyModel{.inputs = {{"s", ElementType::String, {"1"}}},
                                     .outputs = {{"t", ElementType::String, {"1"}}},
                                     .ops = {{"Identity", {"s"}, "t", ""}}}
                               .bytes());
  EXPECT_THAT(engine->run(std::vector{kA}).error().message, HasSubstr("element type string"));
}

TEST(OnnxRuntime, EmptyAndHalfPrecisionTensors) {
  const auto engine = load(add_mul_model().bytes());
  auto outputs = engine->run(std::vector{Tensor::allocate(ElementType::Float, {0, 3}),
                                         Tensor::allocate(ElementType::Float, {0, 3})});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ(outputs->at(1).shape(), (Shape{0, 3}));

  const auto half = load(TinyModel{.inputs = {{"x", ElementType::Float16, {"2"}}},
                                   .outputs = {{"y", ElementType::Float16, {"2"}}},
                                   .ops = {{"Neg", {"x"}, "y", ""}}}
                             .bytes());
  Tensor x = Tensor::allocate(ElementType::Float16, {2});
  x.mutable_values<uint16_t>()[0] = 0x3c00;  // 1
  auto negated = half->run(std::vector{x});
  ASSERT_TRUE(negated) << negated.error().message;
  EXPECT_EQ(negated->at(0).values<uint16_t>()[0], 0xbc00);
}

TEST(OnnxRuntime, BrokenModelsAreRefused) {
  const Target target = *resolve_target("onnxruntime");
  const std::string good = add_mul_model().bytes();
  for (const std::string& bytes :
       {std::string("no model"), good.substr(0, good.size() / 2), std::string()}) {
    const auto engine = target.load(ModelSource::memory(as_bytes(bytes)));
    ASSERT_FALSE(engine) << bytes.size();
    EXPECT_THAT(engine.error().message, HasSubstr("cannot load a model of"));
  }
  EXPECT_THAT(target.load(ModelSource::file("missing.onnx")).error().message,
              HasSubstr("cannot load missing.onnx"));
  const std::string unknown = TinyModel{.inputs = {{"x", ElementType::Float, {"2"}}},
                                        .outputs = {{"y", ElementType::Float, {"2"}}},
                                        .ops = {{"Nothing", {"x"}, "y", ""}}}
                                  .bytes();
  EXPECT_THAT(target.load(ModelSource::memory(as_bytes(unknown))).error().message,
              HasSubstr("Nothing"));
}

TEST(OnnxRuntime, NothingIsPrinted) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  // An initializer that nothing reads makes ONNX Runtime warn.
  auto model = add_mul_model();
  (void)resolve_target("onnxruntime")->load(ModelSource::memory(as_bytes("no model")));
  const auto engine = load(model.bytes());
  (void)engine->run(std::vector{kA, Tensor::of<float>({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9})});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST(OnnxRuntime, ProfileNamesTheExecutedKernels) {
  const auto engine = load(add_mul_model().bytes(),
                           {.threads = 1, .optimization = Optimization::None, .profile = true});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(engine->run(std::vector{kA, kB}));
  auto profile = engine->profile();
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_EQ(profile->runs, 3);
  EXPECT_GT(profile->time_us, 0);
  EXPECT_FALSE(profile->truncated);
  ASSERT_EQ(profile->kernels.size(), 2u);
  EXPECT_EQ(profile->kernels[0].op_type, "Add");
  EXPECT_EQ(profile->kernels[0].node, "n_sum");
  EXPECT_EQ(profile->kernels[1].op_type, "Mul");
  EXPECT_EQ(profile->kernels[1].calls, 3);
  EXPECT_FALSE(engine->profile()) << "the profile is taken once";
  EXPECT_TRUE(engine->run(std::vector{kA, kB}));
}

size_t profile_folders() {
  size_t count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::temp_directory_path()))
    count += entry.path().filename().string().starts_with("acuate-profile-");
  return count;
}

TEST(OnnxRuntime, ProfilesLeaveNoFiles) {
  const size_t before = profile_folders();
  Tensor kept;
  {
    const auto engine = load(add_mul_model().bytes(), {.profile = true});
    EXPECT_GT(profile_folders(), before);
    kept = engine->run(std::vector{kA, kB})->at(0);
  }
  EXPECT_EQ(profile_folders(), before);
  EXPECT_FALSE(load(add_mul_model().bytes())->profile());
}

TEST(OnnxRuntime, TwoEnginesAndManyThreadsAtOnce) {
  const auto first = load(add_mul_model().bytes(), {.threads = 2, .spinning = false});
  const auto second =
      load(add_mul_model().bytes(), {.threads = 1, .optimization = Optimization::Basic});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Engine& engine = t % 2 == 0 ? *first : *second;
      const float value = static_cast<float>(t + 1);
      const Tensor a = Tensor::of<float>({1, 3}, {value, value, value});
      for (int i = 0; i < 50; ++i) {
        auto outputs = engine.run(std::vector{a, a});
        if (!outputs || floats(outputs->at(1)) != std::vector<float>(3, 2 * value * value)) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(OnnxRuntime, OnlyForeignDomainsAreRefusedByNode) {
  Model model;
  Graph& graph = model.graph();
  Value* x = graph.add_value("x");
  const Node* relu = graph.add_node("Relu", "", "relu", {x}, {graph.add_value("y")});
  const Node* gelu = graph.add_node("Gelu", "com.microsoft", "gelu", {x}, {graph.add_value("z")});
  const Node* own = graph.add_node("Fancy", "my.domain", "fancy", {x}, {graph.add_value("w")});
  const Target target = *resolve_target("onnxruntime");
  EXPECT_TRUE(target.why_not(*relu).empty());
  EXPECT_TRUE(target.why_not(*gelu).empty());
  const auto reasons = target.why_not(*own);
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_EQ(reasons[0].id, "unsupported_operator");
  EXPECT_THAT(reasons[0].message, HasSubstr("my.domain"));
}

}  // namespace
}  // namespace acuate
