#include "cli/samples_test_support.h"

namespace acuate {
namespace {

class ConvertCommandTest : public SamplesTest {};

TEST_F(ConvertCommandTest, WritesAnArtifactThatRuns) {
  const auto json = run_json({"convert", network(), "-o", path("out"), "--runs", "1"});
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_TRUE(exists("out/manifest.json"));
  EXPECT_TRUE(exists("out/report.html"));
  Tensor x = Tensor::allocate(ElementType::Float, {1, 2, 6, 6});
  ASSERT_TRUE(write_npy(path("x.npy"), x));
  EXPECT_EQ(run({"run", path("out"), "--input", "x=" + path("x.npy"), "-o", path("y")}), 0) << err;
}

TEST_F(ConvertCommandTest, AConditionThatFailsEndsWith1AndKeepsTheArtifact) {
  const std::vector<std::string> call = {"convert",     network(), "-o",     path("out"),
                                         "--precision", "int8",    "--data", samples("d.npy", 8),
                                         "--runs",      "1"};
  auto strict = call;
  strict.insert(strict.end(), {"--max-drop", "sqnr=200dB"});
  EXPECT_EQ(run(strict), kConditionFailed) << err;
  EXPECT_NE(out.find("Required condition failed"), std::string::npos);
  EXPECT_TRUE(exists("out/manifest.json"));
  auto lax = call;
  lax.insert(lax.end(), {"--max-drop", "sqnr=5dB", "--overwrite"});
  EXPECT_EQ(run(lax), kDone) << err;
}

TEST_F(ConvertCommandTest, MistakesLeaveNothing) {
  EXPECT_EQ(run({"convert", network(), "-o", path("out"), "--precision", "int8"}), 2);
  EXPECT_NE(err.find("--data"), std::string::npos);
  EXPECT_EQ(run({"convert", network(), "-o", path("out"), "--precision", "int3"}), 2);
  EXPECT_EQ(run({"convert", network(), "-o", path("out"), "--target", "vsi-npu"}), 2);
  EXPECT_NE(err.find("acuate diagnose"), std::string::npos);
  EXPECT_EQ(run({"convert", network(), "-o", path("out"), "--max-drop", "much"}), 2);
  EXPECT_EQ(run({"convert", network(), "-o", path("out"), "--disable", "nothing"}), 2);
  EXPECT_FALSE(exists("out"));
}

}  // namespace
}  // namespace acuate
