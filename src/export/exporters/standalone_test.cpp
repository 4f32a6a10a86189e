#include <algorithm>
#include <filesystem>

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

// That it builds, and gives what `acuate run` gives: tests/export_test.py.
class Standalone : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "acuate_standalone";
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "net" / "modules");
    auto model = parse_text_model(
        R"(<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) { y = Neg(x) })");
    ASSERT_TRUE(model && save_model(**model, folder_ / "net" / "modules" / "a.onnx"));
    manifest_.acuate = "test";
    manifest_.target = "onnxruntime";
    manifest_.inputs = {{"x", ElementType::Float, {2}, {""}}};
    manifest_.outputs = {{"y", ElementType::Float, {2}, {""}}};
    manifest_.modules = {{"onnx", "modules/a.onnx", "onnxruntime", {"x"}, {"y"}}};
    manifest_.files = {*describe_file(folder_ / "net", "modules/a.onnx")};
  }
  void TearDown() override { fs::remove_all(folder_); }
  Result<void> write() {
    EXPECT_TRUE(write_text_file(folder_ / "net" / kManifestName, write_manifest(manifest_)));
    return export_artifact(folder_ / "net", *exporters().lookup("standalone"), folder_ / "program");
  }
  fs::path folder_;
  Manifest manifest_;
};

TEST_F(Standalone, HoldsTheArtifactAndAShortProgram) {
  // Nobody listed it: it is not of the artifact.
  ASSERT_TRUE(write_text_file(folder_ / "net" / "notes.txt", "mine"));
  const auto written = write();
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_TRUE(fs::exists(folder_ / "program" / "artifact" / "modules" / "a.onnx"));
  EXPECT_FALSE(fs::exists(folder_ / "program" / "artifact" / "notes.txt"));
  EXPECT_EQ(*read_text_file(folder_ / "program" / "artifact" / kManifestName),
            *read_text_file(folder_ / "net" / kManifestName));
  const std::string program = *read_text_file(folder_ / "program" / "main.cpp");
  EXPECT_LE(std::ranges::count(program, '\n'), 100);
  EXPECT_THAT(*read_text_file(folder_ / "program" / "CMakeLists.txt"),
              HasSubstr("project(net LANGUAGES CXX)\nfind_package(acuate 0."));
}

TEST_F(Standalone, PartsInPyTorchAreRefused) {
  manifest_.modules[0].kind = "torch";
  EXPECT_THAT(write().error().message, HasSubstr("'modules/a.onnx' is of kind torch"));
  EXPECT_FALSE(fs::exists(folder_ / "program"));
}

TEST_F(Standalone, AListedFileThatIsNotThereLeavesNothing) {
  fs::remove(folder_ / "net" / "modules" / "a.onnx");
  EXPECT_THAT(write().error().message, HasSubstr("a.onnx"));
  EXPECT_FALSE(fs::exists(folder_ / "program"));
}

}  // namespace
}  // namespace acuate
