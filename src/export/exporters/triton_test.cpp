#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "export/exporter.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// The files against NVIDIA's schema, and what a server computes with them: tests/export_test.py.
class TritonTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(root_);
    fs::create_directories(root_ / "artifact" / "modules");
    const auto model = parse_text_model(
        "<ir_version: 8, opset_import: [\"\" : 17]> g (float[N,4] x, int64 k) => (float[N,4] y, "
        "int64 m) { y = Exp(x) m = Identity(k) }");
    ASSERT_TRUE(save_model(**model, root_ / "artifact/modules/model.onnx"));
    manifest_.acuate = "0.1.0";
    manifest_.target = "onnxruntime";
    for (const Value* input : (*model)->graph().inputs())
      manifest_.inputs.push_back(io_spec(*input));
    for (const Value* output : (*model)->graph().outputs())
      manifest_.outputs.push_back(io_spec(*output));
    manifest_.modules.push_back({.file = "modules/model.onnx",
                                 .target = "onnxruntime",
                                 .inputs = {"x", "k"},
                                 .outputs = {"y", "m"}});
  }
  void TearDown() override { fs::remove_all(root_); }

  Result<void> write() {
    if (auto written =
            write_text_file(root_ / "artifact" / kManifestName, write_manifest(manifest_));
        !written)
      return written;
    return export_artifact(root_ / "artifact", *exporters().lookup("triton"), root_ / "out");
  }
  std::string error() {
    const auto written = write();
    EXPECT_FALSE(fs::exists(root_ / "out"));
    return written ? "no error" : written.error().message;
  }

  const fs::path root_ = fs::path(testing::TempDir()) / "acuate_triton";
  Manifest manifest_;
};

TEST_F(TritonTest, WritesOneModelForOneModule) {
  const auto written = write();
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_TRUE(fs::exists(root_ / "out/artifact/1/model.onnx"));
  const std::string config = *read_text_file(root_ / "out/artifact/config.pbtxt");
  EXPECT_THAT(config, HasSubstr("backend: \"onnxruntime\""));
  EXPECT_THAT(config, HasSubstr("data_type: TYPE_FP32\n    dims: [ -1, 4 ]"));
  // A scalar has no dimension, which Triton cannot say but by reshaping.
  EXPECT_THAT(config, HasSubstr("dims: [ 1 ]\n    reshape { shape: [ ] }"));
}

TEST_F(TritonTest, RefusesWhatNeedsAcuate) {
  manifest_.modules[0].kind = "torch";
  EXPECT_THAT(error(), HasSubstr("is of kind torch, which Triton cannot run"));
}

TEST_F(TritonTest, RefusesPortsThatTheModuleHasNot) {
  manifest_.modules[0].inputs[0] = "image";
  EXPECT_THAT(error(), HasSubstr("has no input 'image'"));
}

TEST_F(TritonTest, RefusesPreprocessingForSeveralInputs) {
  manifest_.preprocess = assumed_preprocess();
  EXPECT_THAT(error(), HasSubstr("this artifact has 2 inputs"));
}

}  // namespace
}  // namespace acuate
