#include "cli/test_support.h"

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

TEST_F(DiagnoseTest, ATargetIsRequiredAndMustExist) {
  EXPECT_EQ(run({"diagnose", dynamic()}), 2);
  EXPECT_EQ(run({"diagnose", dynamic(), "--target", "abacus"}), 2);
  EXPECT_NE(err.find("abacus"), std::string::npos);
  EXPECT_EQ(run({"diagnose", dynamic(), "--target", ","}), 2);
  EXPECT_EQ(run({"diagnose", dynamic(), "--target", "openvino"}), 2);  // does not diagnose yet
}

}  // namespace
}  // namespace acuate
