#include <cmath>

#include <gtest/gtest.h>

#include "base/file.h"
#include "onnx_io/import.h"
#include "targets/openvino/library.h"
#include "targets/quantization_test_support.h"
#include "targets/tiny_model_test.h"

namespace acuate {
namespace {

using testing::HasSubstr;

const Target& target() { return *targets().lookup("openvino"); }

const std::filesystem::path kDetector =
    std::filesystem::path(ACUATE_FIXTURES) / "ppocr_v4_det.onnx";

// A line of something like letters, dark on white.
Tensor page() {
  Tensor x = Tensor::allocate(ElementType::Float, {1, 3, 96, 128});
  for (size_t i = 0; i < x.values<float>().size(); ++i) {
    const size_t row = i / 128 % 96, column = i % 128;
    const bool is_dark =
        row >= 40 && row < 56 && column >= 16 && column < 112 && (column / 3 + row / 5) % 2 == 0;
    x.mutable_values<float>()[i] = is_dark ? -2.F : 2.F;
  }
  return x;
}

Tensor run(const char* id, const EngineOptions& options = {}) {
  auto engine = targets().lookup(id)->load(ModelSource::file(kDetector), options);
  EXPECT_TRUE(engine) << engine.error().message;
  auto outputs = (*engine)->run(std::vector{page()});
  EXPECT_TRUE(outputs) << outputs.error().message;
  return outputs->at(0);
}

// Largest difference over the largest magnitude.
double difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  double most = 0, largest = 0;
  for (size_t i = 0; i < a.values<float>().size(); ++i) {
    most = std::max(most, std::abs(double{a.values<float>()[i]} - b.values<float>()[i]));
    largest = std::max(largest, std::abs(double{a.values<float>()[i]}));
  }
  return most / largest;
}

TEST(OpenVino, SaysWhichLibraryItUses) {
  const TargetStatus status = target().status();
  for (const Availability& part : {status.diagnose, status.build, status.run}) {
    ASSERT_TRUE(part.available) << part.reason;
    EXPECT_THAT(part.file, HasSubstr("libopenvino.so."));
    EXPECT_THAT(part.version, testing::StartsWith("2026.4"));
  }
}

// Of a real network: float32 as ONNX Runtime computes it, bfloat16 only when asked for.
TEST(OpenVino, ComputesInFloat32UnlessAskedOtherwise) {
  const Tensor expected = run("onnxruntime");
  EXPECT_LT(difference(expected, run("openvino")), 1e-4);
  if (__builtin_cpu_supports("avx512bf16") == 0) GTEST_SKIP() << "this CPU has no bfloat16";
  const double half = difference(expected, run("openvino", {.arithmetic = Arithmetic::Bfloat16}));
  EXPECT_GT(half, 1e-4);
  EXPECT_LT(half, 0.5);
}

TEST(OpenVino, BytesAndFileGiveTheSame) {
  const auto model = import_model(kDetector);
  ASSERT_TRUE(model) << model.error().message;
  const std::string bytes = *model_bytes(**model);
  const auto engine = target().load(ModelSource::memory(as_bytes(bytes)));
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_EQ(difference(run("openvino"), (*engine)->run(std::vector{page()})->at(0)), 0);
  EXPECT_EQ((*engine)->inputs()[0].text(),
            (*target().load(ModelSource::file(kDetector)))->inputs()[0].text());
}

TEST(OpenVino, KernelsNameTheirTypeAndTheNodesThatWentIntoThem) {
  const auto model = import_model(kDetector);
  const auto engine = target().load(ModelSource::file(kDetector), {.threads = 1, .profile = true});
  ASSERT_TRUE(engine) << engine.error().message;
  for (int i = 0; i < 2; ++i) ASSERT_TRUE((*engine)->run(std::vector{page()}));
  const auto profile = (*engine)->profile();
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_EQ(profile->runs, 2);
  double sum_us = 0;
  size_t fused = 0, convolutions = 0;
  for (const KernelRecord& kernel : profile->kernels) {
    EXPECT_EQ(kernel.calls, 2) << kernel.node;
    sum_us += kernel.time_us;
    fused += kernel.origins.size() > 1;
    for (const std::string& origin : kernel.origins)
      EXPECT_EQ((*model)->graph().nodes_called(origin).size(), 1U) << origin;
    convolutions += kernel.op_type.starts_with("Convolution ");
  }
  EXPECT_GT(sum_us, 0);
  EXPECT_GT(convolutions, 40U);
  EXPECT_GT(fused, 20U);
}

TEST(OpenVino, CompiledModelsAreKeptInTheCacheFolder) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "acuate_openvino_cache";
  std::filesystem::remove_all(folder);
  const EngineOptions options{.threads = 1, .cache_folder = folder};
  const Tensor first = run("openvino", options);
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files += entry.path().extension() == ".blob" && entry.file_size() > 100'000;
  EXPECT_EQ(files, 1U);
  EXPECT_EQ(difference(first, run("openvino", options)), 0);
  std::filesystem::remove_all(folder);
}

// What another version compiled is neither opened nor left there.
TEST(OpenVino, ACacheOfAnotherVersionIsCompiledAgain) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "acuate_openvino_other_cache";
  std::filesystem::remove_all(folder);
  const EngineOptions options{.threads = 1, .cache_folder = folder};
  const auto model = typed_model("g (float[4] x) => (float[4] y) { y = Exp(x) }");
  const std::string bytes = *model_bytes(*model);
  const auto answer = [&] {
    const auto engine = target().load(ModelSource::memory(as_bytes(bytes)), options);
    const auto outputs = (*engine)->run(std::vector{Tensor::of<float>({4}, {0, 1, 2, 3})});
    return std::vector<float>((*outputs)[0].values<float>().begin(),
                              (*outputs)[0].values<float>().end());
  };
  const std::vector<float> expected = answer();
  ASSERT_FALSE(std::filesystem::is_empty(folder));
  const auto blob = std::filesystem::directory_iterator(folder)->path();
  const auto content = [&] { return *read_text_file(blob); };
  const std::string version = target().status().run.version, compiled = content();
  ASSERT_THAT(compiled, HasSubstr(version));
  std::string other = compiled;
  for (size_t at = 0; (at = other.find("2026.4.", at)) != other.npos; ++at) other[at + 5] = '3';
  ASSERT_TRUE(write_text_file(blob, other));
  EXPECT_EQ(answer(), expected);
  EXPECT_THAT(content(), testing::AllOf(HasSubstr(version), testing::Not(HasSubstr("2026.3."))));
  std::filesystem::remove_all(folder);
}

TEST(OpenVino, SaysWhyALibraryDoesNotServe) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "acuate_openvino";
  std::filesystem::create_directories(folder / "libs");
  std::ofstream(folder / "libs" / "libopenvino.so.2640") << "";
  setenv("ACUATE_OPENVINO_HOME", folder.c_str(), 1);
  const Availability damaged = target().status().run;
  const auto engine = target().load(ModelSource::file("model.onnx"));
  setenv("ACUATE_OPENVINO_HOME", "/nowhere", 1);
  const Availability lost = target().status().run;
  const auto reasons = target().why_not(*typed_model(kResidual)->graph().first());
  unsetenv("ACUATE_OPENVINO_HOME");
  std::filesystem::remove_all(folder);
  EXPECT_FALSE(damaged.available);
  EXPECT_EQ(damaged.file, (folder / "libs" / "libopenvino.so.2640").string());
  EXPECT_EQ(damaged.version, "2640");
  EXPECT_THAT(damaged.reason, HasSubstr("cannot be opened"));
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().message, "model.onnx cannot be loaded: " + damaged.reason);
  EXPECT_EQ(lost.file, "");
  EXPECT_THAT(lost.reason, HasSubstr("ACUATE_OPENVINO_HOME is '/nowhere'"));
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].id, "unknown_support");
  EXPECT_TRUE(target().status().run.available);
}

// The plug-in's own kernel of it is a slow reference; what stands in for it computes the same.
TEST(OpenVino, HardSigmoidsAreNotLeftToTheReference) {
  const auto model = typed_model(R"(net (float[1,64] x) => (float[1,64] y, float[1,64] z) {
    a = HardSigmoid<alpha = 0.16666667, beta = 0.5>(x)  y = Mul(x, a)
    z = HardSigmoid<alpha = 0.25, beta = 0.375>(x) })");
  const std::string bytes = *model_bytes(*model);
  Tensor x = Tensor::allocate(ElementType::Float, {1, 64});
  for (size_t i = 0; i < 64; ++i) x.mutable_values<float>()[i] = static_cast<float>(i) / 8 - 4;
  const auto expected =
      (*targets().lookup("onnxruntime")->load(ModelSource::memory(as_bytes(bytes))))
          ->run(std::vector{x});
  const auto engine = target().load(ModelSource::memory(as_bytes(bytes)), {.profile = true});
  ASSERT_TRUE(engine) << engine.error().message;
  const auto outputs = (*engine)->run(std::vector{x});
  ASSERT_TRUE(outputs) << outputs.error().message;
  for (const size_t i : {0, 1}) EXPECT_LT(difference(expected->at(i), outputs->at(i)), 1e-6);
  const auto profile = (*engine)->profile();
  ASSERT_TRUE(profile) << profile.error().message;
  for (const KernelRecord& kernel : profile->kernels)
    EXPECT_THAT(kernel.op_type, testing::Not(HasSubstr("HardSigmoid")));
}

// The verdict is OpenVINO's own, on a model of the node.
TEST(OpenVino, AsksOpenVinoAboutEachNode) {
  const auto model = typed_model(R"(net (float[2,2] x, float[2] s) => (float[2,2] y)
    <int64[2] shape = {2, 2}> {
      a = Reshape(x, shape)  d = Det(a)  u, v = Unique<axis = 5>(a)  y = Relu(a) })");
  std::map<std::string, std::vector<Reason>> reasons;
  for (const Node* node = model->graph().first(); node != nullptr; node = node->next())
    reasons[std::string(node->op_type())] = target().why_not(*node);
  EXPECT_TRUE(reasons["Reshape"].empty());
  EXPECT_TRUE(reasons["Relu"].empty());
  ASSERT_EQ(reasons["Det"].size(), 1U);
  EXPECT_EQ(reasons["Det"][0].id, "unsupported_operator");
  EXPECT_EQ(reasons["Det"][0].message, "OpenVINO does not have the operator Det");
  EXPECT_THAT(reasons["Det"][0].evidence, HasSubstr("it has no conversion for Det-17"));
  ASSERT_EQ(reasons["Unique"].size(), 1U);
  EXPECT_EQ(reasons["Unique"][0].id, "unsupported_attribute");
  EXPECT_THAT(reasons["Unique"][0].evidence, HasSubstr("Axis 5 out of the tensor rank range"));
}

TEST(OpenVino, AsksAboutBodiesWithTheirNode) {
  const auto verdict = [](const char* inner) {
    auto model = typed_model(fmt::format(R"(net (bool c, float[2,2] x) => (float[2,2] y) {{
      y = If(c) <then_branch = g1 () => (float[2,2] p) {{ p = {}(x) }},
                 else_branch = g2 () => (float[2,2] q) {{ q = Neg(x) }}> }})",
                                         inner));
    return target().why_not(*model->graph().first());
  };
  EXPECT_TRUE(verdict("Relu").empty());
  const auto reasons = verdict("Det");
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_THAT(reasons[0].evidence, HasSubstr("Det"));
}

TEST(OpenVino, QuantizesWhatWeightedLayersRead) {
  auto model = typed_model(kResidual);
  const auto plan = plan_of(*model, "openvino");
  EXPECT_EQ(activations_of(plan), "x:u8 r:u8 f:u8");
  EXPECT_EQ(weights_of(plan), "w:s8/0 v:s8/0 m:s8/1");
  EXPECT_EQ(activations_of(plan_of(*model, "openvino", {"s8", {}, {}})), "x:s8 r:u8 f:u8");
  EXPECT_THAT(target().backend->plan_quantization(*model, {"s16", {}, {}}).error().message,
              HasSubstr("OpenVINO takes no activations of scheme 's16'; it takes u8, s8"));
}

// Both sides of a product of activations, where their values are before they are only moved.
TEST(OpenVino, AttentionIsSigned) {
  auto model = typed_model(
      R"(net (float[4,2] x) => (float[4,2] y) <float[2,2] w = {1.0, -2.0, 0.5, 1.0}> {
      q = MatMul(x, w)  k = MatMul(x, w)  v = Relu(x)  t = Transpose(k)
      s = MatMul(q, t)  p = Softmax(s)  y = MatMul(p, v) })");
  EXPECT_EQ(activations_of(plan_of(*model, "openvino")), "x:s8 q:s8 k:s8 v:u8 p:u8");
  EXPECT_EQ(activations_of(plan_of(*model, "openvino", {"u8", {}, {}})), "x:u8");
}

}  // namespace
}  // namespace acuate
