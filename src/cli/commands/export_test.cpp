#include "cli/samples_test_support.h"

namespace acuate {
namespace {

class ExportCommandTest : public SamplesTest {};

TEST_F(ExportCommandTest, HandsOverWhatConvertWrote) {
  ASSERT_EQ(run({"convert", network(), "-o", path("net.acuate"), "--runs", "0"}), 0) << err;
  ASSERT_EQ(run({"export", path("net.acuate"), "--triton", path("repository")}), 0) << err;
  EXPECT_NE(read("repository/net/config.pbtxt").find("name: \"net\""), std::string::npos);
  EXPECT_EQ(run({"export", path("net.acuate"), "--triton", path("repository")}), 2);
  EXPECT_NE(err.find("exists already"), std::string::npos);
}

TEST_F(ExportCommandTest, ASimulatedArtifactGoesToTheVendorsTools) {
  const auto report = run_json({"convert", network(), "-o", path("art"), "--target", "vsi-npu",
                                "--precision", "int8", "--data", samples("d.npy", 8)});
  EXPECT_NE(report["target"]["engine"].get<std::string>().find("simulation"), std::string::npos);
  EXPECT_TRUE(report["latency"]["converted_ms"].is_null());
  EXPECT_NE(report["kernels"].dump().find("simulated u8 Conv"), std::string::npos)
      << report["kernels"];
  const auto simulated = run_json(
      {"run", path("art"), "--simulate", "--input", "x=" + samples("one.npy", 1), "-o", path("o")});
  EXPECT_GT(simulated["simulation"]["integer_steps"].get<int>(), 1);
  EXPECT_EQ(run({"export", path("art"), "--acuity", path("handover")}), 0) << err;
  EXPECT_NE(read("handover/model.quantize").find("asymmetric_affine"), std::string::npos);
}

TEST_F(ExportCommandTest, WhatRunsHereIsNotSimulated) {
  ASSERT_EQ(run({"convert", network(), "-o", path("net.acuate"), "--runs", "0"}), 0) << err;
  EXPECT_EQ(run({"run", path("net.acuate"), "--simulate", "--input", "x=" + samples("one.npy", 1),
                 "-o", path("o")}),
            2);
  EXPECT_NE(err.find("which runs here"), std::string::npos) << err;
}

TEST_F(ExportCommandTest, AsksWhere) {
  EXPECT_EQ(run({"export", path("net.acuate")}), 2);
  EXPECT_NE(err.find("--triton FOLDER"), std::string::npos);
}

}  // namespace
}  // namespace acuate
