#include "cli/test_support.h"

namespace acuate {
namespace {

using TargetsTest = CommandTest;

TEST_F(TargetsTest, WhatIsMissingHasAReason) {
  const auto json = run_json({"targets"});
  ASSERT_EQ(json["targets"].size(), 4);
  for (const auto& target : json["targets"])
    for (const char* what : {"diagnose", "build", "run"})
      EXPECT_EQ(target[what]["available"] == false, target[what]["reason"] != "") << target;
}

TEST_F(TargetsTest, TheTableNamesAll) {
  EXPECT_EQ(run({"targets"}), 0);
  for (const char* id : {"onnxruntime", "openvino", "tensorrt", "vsi-npu", "auto"})
    EXPECT_NE(out.find(id), std::string::npos) << id;
  EXPECT_EQ(run({"targets", "onnxruntime"}), 2);
}

}  // namespace
}  // namespace acuate
