#include <cstring>

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

TEST(OnnxRuntime, EnginesMayShareAnArena) {
  std::vector<Tensor> results;
  {
    const auto first = load(add_mul_model().bytes(), {.shared_arena = true});
    const auto second = load(add_mul_model().bytes(), {.shared_arena = true});
    for (Engine* engine : {first.get(), second.get(), first.get()}) {
      auto outputs = engine->run(std::vector{kA, kB});
      ASSERT_TRUE(outputs) << outputs.error().message;
      results.push_back(outputs->at(0));
    }
  }
  const auto alone = load(add_mul_model().bytes())->run(std::vector{kA, kB});
  for (const Tensor& result : results)  // each has its own memory, which outlives the engines
    EXPECT_EQ(
        std::memcmp(result.bytes().data(), alone->at(0).bytes().data(), result.bytes().size()), 0);
  EXPECT_NE(results[0].bytes().data(), results[2].bytes().data());
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
