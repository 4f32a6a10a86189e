#include <set>

#include "cli/samples_test_support.h"

namespace acuate {
namespace {

class DiagnoseTest : public CommandTest {
 protected:
  std::string dynamic() {
    return model("m.onnx", "g (float[n, 4] x) => (float[n, 4] y) { y = Relu(x) }");
  }
};

TEST_F(DiagnoseTest, FindingsAreNoFailure) {
  const auto json = run_json({"diagnose", dynamic(), "--target", "vsi-npu"});
  EXPECT_EQ(json["targets"], nlohmann::json{"vsi_npu"});
  std::vector<std::string> ids;
  for (const auto& finding : json["findings"]) ids.push_back(finding["id"]);
  EXPECT_THAT(ids, testing::Contains("dynamic_input"));
}

TEST_F(DiagnoseTest, GivenShapesAreTold) {
  EXPECT_EQ(run({"diagnose", dynamic(), "--target", "vsi_npu", "--shape", "x=3x?"}), 0);
  EXPECT_NE(out.find("with x=3x4 (as given)"), std::string::npos) << out;
  EXPECT_NE(out.find("set-shape x 3 4"), std::string::npos) << out;
}

TEST_F(DiagnoseTest, ATargetNamedTwiceIsAskedOnce) {
  const auto json =
      run_json({"diagnose", dynamic(), "--target", "onnxruntime,auto", "--target", "vsi-npu"});
  EXPECT_EQ(json["targets"], (nlohmann::json{"onnxruntime", "vsi_npu"}));
}

// What the partition would be is told before anything is converted.
TEST_F(DiagnoseTest, TellsTheWaysToDivideTheModel) {
  const std::string net = model("net.onnx", R"(g (float[1,1,4,4] x) => (float[1,1,4,4] y)
      <float[1,1,1,1] w = {2}> { a = Conv(x, w) b = Round(a) y = Conv(b, w) })");
  const auto json = run_json({"diagnose", net, "--target", "vsi-npu"});
  ASSERT_EQ(json["divisions"]["vsi_npu"].size(), 4U);
  EXPECT_EQ(json["divisions"]["vsi_npu"][1],
            "all that the target takes: 2 engines, 2 of 3 nodes on the target");
  EXPECT_EQ(json["findings"][0]["worth"]["engines"], -1);
  EXPECT_EQ(run({"diagnose", net, "--target", "vsi-npu"}), 0);
  EXPECT_NE(out.find("the largest engine alone: 1 engine, 1 of 3 nodes"), std::string::npos) << out;
  EXPECT_TRUE(
      run_json({"diagnose", net, "--target", "onnxruntime"})["divisions"]["onnxruntime"].empty())
      << "nothing has to be divided";
}

class DiagnoseDataTest : public SamplesTest {};

// Samples are measured, not only looked at for their shapes.
TEST_F(DiagnoseDataTest, DataAreMeasured) {
  const auto ids = [&](int64_t count) {
    std::set<std::string> found;
    const auto json = run_json(
        {"diagnose", network(), "--target", "onnxruntime", "--data", samples("x.npy", count)});
    for (const auto& finding : json["findings"]) found.insert(finding["id"]);
    return found;
  };
  EXPECT_EQ(ids(4).count("calibration_unsettled"), 1U);
  EXPECT_EQ(ids(400).count("calibration_unsettled"), 0U);
}

TEST_F(DiagnoseTest, ATargetIsRequiredAndMustExist) {
  EXPECT_EQ(run({"diagnose", dynamic()}), 2);
  EXPECT_EQ(run({"diagnose", dynamic(), "--target", "abacus"}), 2);
  EXPECT_NE(err.find("abacus"), std::string::npos);
  EXPECT_EQ(run({"diagnose", dynamic(), "--target", ","}), 2);
  setenv("ACUATE_OPENVINO_HOME", "/nowhere", 1);  // then it cannot diagnose
  EXPECT_EQ(run({"diagnose", dynamic(), "--target", "openvino"}), 2);
  unsetenv("ACUATE_OPENVINO_HOME");
}

}  // namespace
}  // namespace acuate
