#include <gtest/gtest.h>

#include "targets/target.h"

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

}  // namespace
}  // namespace acuate
