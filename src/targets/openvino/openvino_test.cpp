#include <gtest/gtest.h>

#include "targets/quantization_test_support.h"

namespace acuate {
namespace {

TEST(OpenVino, SaysWhatItLacks) {
  const Target target = *resolve_target("openvino");
  const TargetStatus status = target.status();
  for (const Availability& part : {status.diagnose, status.build, status.run}) {
    EXPECT_FALSE(part.available);
    EXPECT_THAT(part.reason, testing::HasSubstr("no engine for OpenVINO"));
  }
  const auto engine = target.load(ModelSource::file("model.onnx"));
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().message, "model.onnx cannot be loaded: " + status.run.reason);
}

TEST(OpenVino, NamesALibraryThatLiesThere) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "acuate_openvino";
  std::filesystem::create_directories(folder / "libs");
  std::ofstream(folder / "libs" / "libopenvino.so.2640") << "";
  setenv("ACUATE_OPENVINO_HOME", folder.c_str(), 1);
  const Availability found = resolve_target("openvino")->status().run;
  std::filesystem::remove_all(folder);
  const Availability lost = resolve_target("openvino")->status().run;
  unsetenv("ACUATE_OPENVINO_HOME");
  EXPECT_FALSE(found.available) << "finding the library does not give this version an engine";
  EXPECT_EQ(found.file, (folder / "libs" / "libopenvino.so.2640").string());
  EXPECT_EQ(found.version, "2640");
  EXPECT_EQ(lost.file, "");
  EXPECT_THAT(lost.reason, testing::HasSubstr("ACUATE_OPENVINO_HOME is"));
}

TEST(OpenVino, QuantizesWhatWeightedLayersRead) {
  auto model = typed_model(kResidual);
  const auto plan = plan_of(*model, "openvino");
  EXPECT_EQ(activations_of(plan), "x:u8 r:u8 f:u8");
  EXPECT_EQ(weights_of(plan), "w:s8/0 v:s8/0 m:s8/1");
  EXPECT_EQ(activations_of(plan_of(*model, "openvino", {"s8", {}, {}})), "x:s8 r:u8 f:u8");
  EXPECT_THAT(targets()
                  .lookup("openvino")
                  ->backend->plan_quantization(*model, {"s16", {}, {}})
                  .error()
                  .message,
              testing::HasSubstr("OpenVINO takes no activations of scheme 's16'; it takes u8, s8"));
}

TEST(OpenVino, AttentionIsSigned) {
  auto model = typed_model(
      R"(net (float[4,2] x) => (float[4,4] y) <float[2,2] w = {1.0, -2.0, 0.5, 1.0}> {
      q = MatMul(x, w)  k = Transpose(q)  y = MatMul(q, k) })");
  EXPECT_EQ(activations_of(plan_of(*model, "openvino")), "x:s8");
}

}  // namespace
}  // namespace acuate
