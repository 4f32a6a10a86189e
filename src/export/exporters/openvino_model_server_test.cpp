#include <gtest/gtest.h>

#include "export/exporter.h"

namespace acuate {
namespace {

// What it writes, and what a server computes with it: tests/export_test.py.
TEST(OpenVinoModelServer, RefusesWhatIsNoArtifact) {
  const Exporter* exporter = exporters().lookup("openvino-model-server");
  ASSERT_NE(exporter, nullptr);
  const auto written =
      export_artifact(testing::TempDir(), *exporter, testing::TempDir() + "acuate_no_such_folder");
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("no artifact"), std::string::npos);
}

}  // namespace
}  // namespace acuate
