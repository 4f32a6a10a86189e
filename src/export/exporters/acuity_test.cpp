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

class AcuityTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(root_);
    fs::create_directories(root_ / "artifact" / "modules");
  }
  void TearDown() override { fs::remove_all(root_); }

  void module(const std::string& graph, const std::string& target = "vsi_npu") {
    const std::string file = fmt::format("modules/{}.onnx", manifest_.modules.size());
    const auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]> " + graph);
    ASSERT_TRUE(model) << model.error().message;
    ASSERT_TRUE(save_model(**model, root_ / "artifact" / file));
    manifest_.modules.push_back(
        {.file = file, .target = target, .inputs = {"x"}, .outputs = {"y"}});
    if (manifest_.modules.size() > 1) return;
    manifest_.acuate = "0.1.0";
    manifest_.target = "vsi_npu";
    for (const Value* input : (*model)->graph().inputs())
      manifest_.inputs.push_back(io_spec(*input));
    for (const Value* output : (*model)->graph().outputs())
      manifest_.outputs.push_back(io_spec(*output));
  }
  Result<void> write() {
    if (auto written =
            write_text_file(root_ / "artifact" / kManifestName, write_manifest(manifest_));
        !written)
      return written;
    return export_artifact(root_ / "artifact", *exporters().lookup("acuity"), root_ / "out");
  }
  std::string error() {
    const auto written = write();
    EXPECT_FALSE(fs::exists(root_ / "out"));
    return written ? "no error" : written.error().message;
  }

  fs::path root_ = fs::temp_directory_path() / "acuate_acuity_export";
  Manifest manifest_;
};

constexpr const char* kQuantized =
    R"(g (float[1,4] x) => (float[1,4] y) <float s = {0.25}, uint8 z = {100}> {
    q = QuantizeLinear(x, s, z)  a = DequantizeLinear(q, s, z)
    b = Relu(a)  p = QuantizeLinear(b, s, z)  y = DequantizeLinear(p, s, z) })";

TEST_F(AcuityTest, TakesTheNetworkApart) {
  module(kQuantized);
  const auto written = write();
  ASSERT_TRUE(written) << written.error().message;
  const auto ranges = read_text_file(root_ / "out/model.quantize");
  ASSERT_TRUE(ranges);
  EXPECT_THAT(*ranges, HasSubstr("'@x:out0':\n    qtype: u8\n    quantizer: asymmetric_affine"));
  EXPECT_TRUE(fs::exists(root_ / "out/convert.sh"));
}

TEST_F(AcuityTest, OneQuantizedModule) {
  module("g (float[1,4] x) => (float[1,4] y) { y = Relu(x) }");
  EXPECT_THAT(error(), HasSubstr("not quantized"));
  module(kQuantized);
  EXPECT_THAT(error(), HasSubstr("2 modules on vsi_npu"));
}

}  // namespace
}  // namespace acuate
