#include <cstdlib>

#include "base/file.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "runtime/artifact.h"
#include "runtime/timing.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

// Two models in a row: x → Relu → m → Neg → y.
class ArtifactTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "artifact";
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "modules");
    save("modules/a.onnx", R"(g (float[2] x) => (float[2] m) { m = Relu(x) })");
    save("modules/b.onnx", R"(g (float[2] m) => (float[2] y) { y = Neg(m) })");
    manifest_.acuate = "test";
    manifest_.target = "onnxruntime";
    manifest_.inputs = {{"x", ElementType::Float, {2}, {""}}};
    manifest_.outputs = {{"y", ElementType::Float, {2}, {""}}};
    manifest_.preprocess = assumed_preprocess();
    manifest_.modules = {{"onnx", "modules/a.onnx", "onnxruntime", {"x"}, {"m"}},
                         {"onnx", "modules/b.onnx", "onnxruntime", {"m"}, {"y"}}};
    manifest_.files = {*describe_file(folder_, "modules/a.onnx"),
                       *describe_file(folder_, "modules/b.onnx")};
    manifest_.environment = {{"engine", "1"}};
  }
  void save(const std::string& file, const std::string& graph) {
    auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
    ASSERT_TRUE(model);
    ASSERT_TRUE(save_model(**model, folder_ / file));
  }
  Result<Artifact> open() {
    EXPECT_TRUE(write_text_file(folder_ / kManifestName, write_manifest(manifest_)));
    return Artifact::open(folder_);
  }
  fs::path folder_;
  Manifest manifest_;
};

TEST_F(ArtifactTest, RunsItsModulesInOrder) {
  auto artifact = open();
  ASSERT_TRUE(artifact) << artifact.error().message;
  const std::vector<Tensor> inputs{Tensor::of<float>({2}, {3, -4})};
  auto outputs = artifact->run(inputs);
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ((*outputs)[0].values<float>()[0], -3.0F);
  EXPECT_EQ((*outputs)[0].values<float>()[1], 0.0F);
}

TEST_F(ArtifactTest, ManifestRoundTrips) {
  const std::string text = write_manifest(manifest_);
  auto again = parse_manifest(text, "m");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(write_manifest(*again), text);
}

TEST_F(ArtifactTest, ChangedFilesAreRefused) {
  save("modules/b.onnx", R"(g (float[2] m) => (float[2] y) { y = Abs(m) })");
  EXPECT_THAT(open().error().message,
              testing::HasSubstr("b.onnx is not the file that the manifest describes"));
}

TEST_F(ArtifactTest, PathsStayInside) {
  manifest_.modules[0].file = "../a.onnx";
  EXPECT_THAT(open().error().message, testing::HasSubstr("not a path inside the artifact"));
}

TEST_F(ArtifactTest, WrongInputsNameFoundAndExpected) {
  auto artifact = open();
  ASSERT_TRUE(artifact);
  const std::vector<Tensor> wrong{Tensor::of<float>({3}, {1, 2, 3})};
  EXPECT_THAT(artifact->run(wrong).error().message, testing::HasSubstr("x"));
}

TEST(Manifest, DamagedTextsAreRefused) {
  for (const char* text :
       {"", "[]", "{}", "{\"schema_version\": 2}", "{\"schema_version\": 1, \"acuate\": 3}"})
    EXPECT_FALSE(parse_manifest(text, "m")) << text;
}

TEST(Runnable, AForeignFileIsNamed) {
  const fs::path path = fs::path(testing::TempDir()) / "m.tflite";
  ASSERT_TRUE(write_text_file(path, std::string("\x1c\0\0\0TFL3", 8)));
  EXPECT_THAT(Runnable::open(path, *targets().lookup("onnxruntime")).error().message,
              testing::HasSubstr("TensorFlow Lite"));
}

TEST(Timing, InterleavesAndCounts) {
  std::string order;
  auto timings = time_interleaved({[&] {
                                     order += 'a';
                                     return Result<void>();
                                   },
                                   [&] {
                                     order += 'b';
                                     return Result<void>();
                                   }},
                                  3, 1);
  ASSERT_TRUE(timings);
  EXPECT_EQ(order, "abababab");
  EXPECT_EQ((*timings)[1].wall_ms.size(), 3U);
  EXPECT_EQ(quantile({1, 2, 3, 4}, 0.5), 2.5);
}

}  // namespace
}  // namespace acuate
