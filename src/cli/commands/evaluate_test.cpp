#include "cli/samples_test_support.h"

namespace acuate {
namespace {

class EvaluateTest : public SamplesTest {};

TEST_F(EvaluateTest, MetricsAgainstTheBaseline) {
  const std::string net = network();
  samples("d.npy", 5);
  const std::string spec = write("s.yaml", "data: d.npy\nmetrics: [sqnr, cosine]\n");
  ASSERT_EQ(run({"quantize", net, "-o", path("q.onnx"), "--data", samples("c.npy", 8, 7)}), 0);
  const auto json = run_json({"evaluate", path("q.onnx"), "--eval", spec, "--baseline", net});
  ASSERT_EQ(json["metrics"].size(), 2);
  const double sqnr = json["metrics"][0]["converted"];
  EXPECT_GT(sqnr, 20);
  EXPECT_LT(sqnr, 60);
  EXPECT_EQ(json["metrics"][0]["n"], 5);
  EXPECT_LE(json["metrics"][0]["interval"][0], sqnr);
  EXPECT_EQ(run_json({"evaluate", path("q.onnx"), "--eval", spec, "--baseline", net, "--samples",
                      "2"})["samples"],
            2);
}

TEST_F(EvaluateTest, EqualModelsHaveNoNoise) {
  samples("d.npy", 3);
  const std::string spec = write("s.yaml", "data: d.npy\nmetrics: [sqnr]\n");
  const auto json = run_json({"evaluate", network(), "--eval", spec, "--baseline", network()});
  EXPECT_TRUE(json["metrics"][0]["converted"].is_null());
  EXPECT_NE(json["metrics"][0]["reason"].get<std::string>().find("infinite"), std::string::npos);
}

TEST_F(EvaluateTest, ShapesThatTheModelDoesNotHaveAreRefused) {
  samples("d.npy", 3);
  const std::string spec = write("s.yaml", "data: d.npy\nmetrics: [sqnr]\n");
  const auto evaluate = [&](const std::string& flag, const std::string& text) {
    return run({"evaluate", network(), "--eval", spec, "--baseline", network(), flag, text});
  };
  EXPECT_EQ(evaluate("--shape", "nothing=1x2"), 2);
  EXPECT_NE(err.find("no input 'nothing'"), std::string::npos);
  EXPECT_EQ(evaluate("--dim", "nothing=1"), 2);
  EXPECT_NE(err.find("no input has a dimension 'nothing'"), std::string::npos);
}

TEST_F(EvaluateTest, WhatIsMissingIsNamed) {
  samples("d.npy", 3);
  const std::string spec = write("s.yaml", "data: d.npy\nmetrics: [sqnr]\n");
  EXPECT_EQ(run({"evaluate", network(), "--eval", spec}), 2);
  EXPECT_NE(err.find("--baseline"), std::string::npos);
  EXPECT_EQ(run({"evaluate", network(), "--baseline", network()}), 2);
  const std::string unknown = write("u.yaml", "data: d.npy\nmetrics: [beauty]\n");
  EXPECT_EQ(run({"evaluate", network(), "--eval", unknown, "--baseline", network()}), 2);
  EXPECT_NE(err.find("beauty"), std::string::npos);
  EXPECT_EQ(run({"evaluate", model(), "--eval", spec, "--baseline", network()}), 2);
}

}  // namespace
}  // namespace acuate
