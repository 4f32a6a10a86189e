#include "numeric/encodings.h"

#include "cli/samples_test_support.h"

namespace acuate {
namespace {

class EncodingsCommandTest : public SamplesTest {};

TEST_F(EncodingsCommandTest, ThroughEveryFormatAndBack) {
  const std::string net = network();
  run_json(
      {"quantize", net, "-o", path("q.onnx"), "--data", samples("d.npy", 4), "--recover", "none"});
  for (const std::string format : {"aimet", "acuity"}) {
    const std::string file = path("e." + format);
    const auto json = run_json({"encodings", net, "--encodings", path("q.encodings.json"), "-o",
                                file, "--format", format});
    EXPECT_EQ(json["tensors"], 3);
    EXPECT_EQ(json["left_out"].size(), 0);
    run_json({"quantize", net, "-o", path(format + ".onnx"), "--encodings", file});
    EXPECT_EQ(read(format + ".onnx"), read("q.onnx")) << format;
  }
}

TEST_F(EncodingsCommandTest, AQuantizedModelIsTakenApart) {
  run_json({"quantize", network(), "-o", path("q.onnx"), "--data", samples("d.npy", 4)});
  const auto json = run_json(
      {"encodings", path("q.onnx"), "-o", path("own.json"), "--write-model", path("float.onnx")});
  EXPECT_EQ(json["tensors"], 3);
  EXPECT_EQ(run_json({"inspect", path("float.onnx")})["operators"].count("QuantizeLinear"), 0);
  run_json(
      {"quantize", path("float.onnx"), "-o", path("again.onnx"), "--encodings", path("own.json")});
  const auto same = run_json(
      {"compare", path("q.onnx"), path("again.onnx"), "--input", "x=" + samples("one.npy", 1)});
  EXPECT_EQ(same["outputs"][0]["reason"], "equal");
}

TEST_F(EncodingsCommandTest, MistakesLeaveNothing) {
  EXPECT_EQ(run({"encodings", network(), "-o", path("e.json")}), 2);
  EXPECT_NE(err.find("is not quantized"), std::string::npos) << err;
  EXPECT_EQ(run({"encodings", network(), "-o", path("e.json"), "--format", "yaml"}), 2);
  EXPECT_NE(err.find("aimet"), std::string::npos) << err;
  EXPECT_FALSE(exists("e.json"));
}

}  // namespace
}  // namespace acuate
