#include "cli/samples_test_support.h"
#include "numeric/encodings.h"

namespace acuate {
namespace {

class QuantizeCommandTest : public SamplesTest {};

TEST_F(QuantizeCommandTest, WritesModelAndEncodings) {
  const auto json = run_json({"quantize", network(), "-o", path("q.onnx"), "--data",
                              samples("d.npy", 8), "--range", "minmax"});
  EXPECT_EQ(json["samples"], 8);  // nothing is held back
  EXPECT_EQ(json["quantized_operators"].size(), 1);
  const auto encodings = parse_encodings(read("q.encodings.json"), "q.encodings.json");
  ASSERT_TRUE(encodings) << encodings.error().message;
  ASSERT_NE(encodings->find("x"), nullptr);
  EXPECT_EQ(encodings->find("x")->range_method, "minmax");
  EXPECT_EQ(run_json({"inspect", path("q.onnx")})["operators"]["QuantizeLinear"], 2);
}

TEST_F(QuantizeCommandTest, PicturesAreDrawnFromDataAndFromHistograms) {
  const std::string net = network();
  const auto plots_of = [&](const std::string& name, std::vector<std::string> more) {
    std::vector<std::string> call = {"quantize",           net,       "-o",
                                     path(name + ".onnx"), "--plots", path(name)};
    call.insert(call.end(), more.begin(), more.end());
    EXPECT_EQ(run_json(call)["plots"], path(name));
    std::map<std::string, int> count;
    for (const auto& row : nlohmann::json::parse(read(name + "/plots.json")))
      ++count[row["plot"].get<std::string>()];
    return count;
  };
  const auto data = plots_of("a", {"--data", samples("d.npy", 8), "--recover", "none",
                                   "--write-histograms", path("a.bin")});
  EXPECT_GE(data.at("histogram"), 2);
  const auto histograms = plots_of("b", {"--histograms", path("a.bin")});
  EXPECT_EQ(histograms.at("histogram"), data.at("histogram"));
  EXPECT_EQ(histograms.count("depth"), 0U) << "nothing is measured in the network without data";
  std::filesystem::create_directories(path("mine"));
  write("mine/notes.txt", "x");
  EXPECT_EQ(run({"quantize", net, "-o", path("c.onnx"), "--data", path("d.npy"), "--plots",
                 path("mine")}),
            2);
  EXPECT_FALSE(exists("c.onnx"));
}

TEST_F(QuantizeCommandTest, ExcludedNodesStayInFloat) {
  const std::string two =
      model("two.onnx",
            "g (float[1, 2, 6, 6] x) => (float[1, 2, 6, 6] y)"
            " <float[2, 2, 1, 1] v = {0.5, 0.25, -0.5, 1.0}, float[2, 2, 1, 1] w = {1, -1, 0.5, 2}>"
            " { a = Conv(x, v)  r = Relu(a)  y = Conv(r, w) }");
  const std::vector<std::string> call = {"quantize",     two,      "-o",
                                         path("q.onnx"), "--data", samples("d.npy", 4)};
  EXPECT_EQ(run_json(call)["quantized_operators"].size(), 2);
  auto less = call;
  less.insert(less.end(), {"--exclude", "Conv_a"});
  const auto json = run_json(less);
  EXPECT_EQ(json["quantized_operators"], nlohmann::json{"Conv_y"});
  EXPECT_EQ(json["kept_float"][0]["node"], "Conv_a");
  auto none = call;
  none.insert(none.end(), {"--exclude", "Conv*"});
  EXPECT_EQ(run(none), 2);
  EXPECT_NE(err.find("excluded by 'Conv*'"), std::string::npos) << err;
}

// Scales by channel came with opset 13: the model is converted first.
TEST_F(QuantizeCommandTest, AModelOfOpset11IsConverted) {
  auto old = parse_text_model(
      "<ir_version: 6, opset_import: [\"\" : 11]> g (float[1, 2, 6, 6] x) => (float[1, 1, 6, 6] y)"
      " <float[2, 2, 1, 1] w = {1, -1, 0.5, 0.002}>"
      " { c = Conv(x, w)  y = ReduceSum <axes = [1]> (c) }");
  ASSERT_TRUE(old) << old.error().message;
  ASSERT_TRUE(save_model(**old, path("old.onnx")));
  const std::string data = samples("d.npy", 4);
  const auto json = run_json({"quantize", path("old.onnx"), "-o", path("q.onnx"), "--data", data});
  EXPECT_EQ(json["quantized_operators"].size(), 1);
  const auto encodings = parse_encodings(read("q.encodings.json"), "q.encodings.json");
  EXPECT_EQ(encodings->find("w")->quantization.scale.size(), 2U);
  EXPECT_GE(run_json({"inspect", path("q.onnx")})["opset"][0]["version"], 13);
}

// Nothing is rounded twice.
TEST_F(QuantizeCommandTest, AQuantizedModelIsKeptWithItsOwnParameters) {
  const std::string data = samples("d.npy", 8);
  run_json({"quantize", network(), "-o", path("q.onnx"), "--data", data, "--recover", "none"});
  const auto kept = run_json({"quantize", path("q.onnx"), "-o", path("k.onnx"), "--data", data});
  EXPECT_EQ(kept["kept"], true);
  EXPECT_EQ(read("k.onnx"), read("q.onnx"));
  const auto own = parse_encodings(read("q.encodings.json"), "q"),
             taken = parse_encodings(read("k.encodings.json"), "k");
  ASSERT_TRUE(own && taken);
  ASSERT_EQ(taken->tensors.size(), own->tensors.size());
  for (const TensorEncoding& encoding : own->tensors)
    EXPECT_EQ(taken->find(encoding.tensor)->quantization.scale, encoding.quantization.scale);
  EXPECT_EQ(
      run({"quantize", path("q.onnx"), "-o", path("m.onnx"), "--data", data, "--scheme", "s16"}),
      2);
  EXPECT_NE(err.find("--scheme asks for other grids, but the model is quantized already"),
            std::string::npos)
      << err;
  EXPECT_FALSE(exists("m.onnx"));
}

TEST_F(QuantizeCommandTest, WeightsAloneNeedNoData) {
  std::string weights;
  for (int i = 0; i < 128 * 128; ++i)
    weights += (i == 0 ? "" : ", ") + std::to_string(0.01 * ((i * 37) % 101 - 50));
  const std::string net =
      model("product.onnx", "g (float[3, 128] x) => (float[3, 128] y) <float[128, 128] w = {" +
                                weights + "}> { m = MatMul(x, w)  y = Relu(m) }");
  const auto json =
      run_json({"quantize", net, "-o", path("q.onnx"), "--weights-only", "s4", "--group", "32"});
  EXPECT_EQ(json["tensors"], 1);
  EXPECT_EQ(json["samples"], 0);
  EXPECT_LT(read("q.onnx").size(), read("product.onnx").size() / 5);
  run_json({"quantize", net, "-o", path("a.onnx"), "--encodings", path("q.encodings.json")});
  EXPECT_EQ(read("a.onnx"), read("q.onnx"));
  run_json({"convert", net, "-o", path("artifact"), "--precision", "int8", "--weights-only", "s8"});
  EXPECT_EQ(run({"encodings", net, "-o", path("e.json"), "--encodings", path("q.encodings.json"),
                 "--format", "aimet"}),
            2);
  EXPECT_NE(err.find("blocks or 4 bits"), std::string::npos) << err;
  EXPECT_EQ(run({"quantize", net, "-o", path("b.onnx"), "--group", "32"}), 2);
  EXPECT_EQ(run({"quantize", net, "-o", path("b.onnx"), "--weights-only", "s4", "--range", "mse"}),
            2);
  EXPECT_EQ(run({"quantize", net, "-o", path("b.onnx"), "--weights-only", "s4", "--data",
                 samples("d.npy", 2)}),
            2);
  EXPECT_NE(err.find("takes no data"), std::string::npos) << err;
}

TEST_F(QuantizeCommandTest, ASmallOrMonotonousSetIsTold) {
  const auto causes = [&](const std::string& data) {
    std::string all;
    const auto json = run_json({"quantize", network(), "-o", path("q.onnx"), "--data", data});
    for (const auto& finding : json["findings"]) all += finding["cause"].get<std::string>() + "\n";
    return all;
  };
  EXPECT_THAT(causes(samples("one.npy", 1)), testing::HasSubstr("too small"));
  Tensor same = Tensor::allocate(ElementType::Float, {9, 2, 6, 6});
  for (size_t i = 0; i < 9 * 72; ++i)
    same.mutable_values<float>()[i] = static_cast<float>(i % 72) / 72 - 0.5F;
  ASSERT_TRUE(write_npy(path("same.npy"), same));
  EXPECT_THAT(causes(path("same.npy")), testing::HasSubstr("all alike"));
}

TEST_F(QuantizeCommandTest, RangesComeAgainFromHistogramsWithoutData) {
  const std::string net = network();
  const auto quantize = [&](const std::string& name, std::vector<std::string> more) {
    std::vector<std::string> call = {"quantize", net, "-o", path(name + ".onnx")};
    call.insert(call.end(), more.begin(), more.end());
    return run_json(call);
  };
  quantize("a", {"--data", samples("a.npy", 8), "--recover", "none", "--write-histograms",
                 path("a.bin"), "--range", "entropy"});
  quantize("b", {"--histograms", path("a.bin"), "--range", "entropy"});
  EXPECT_EQ(read("a.encodings.json"), read("b.encodings.json"));
  EXPECT_EQ(read("a.onnx"), read("b.onnx"));
  const auto both = quantize("c", {"--histograms", path("a.bin") + "," + path("a.bin"),
                                   "--write-histograms", path("c.bin")});
  EXPECT_EQ(both["samples"], 16);
  EXPECT_EQ(run({"quantize", net, "-o", path("d.onnx"), "--histograms", path("a.onnx")}), 2);
  EXPECT_NE(err.find("not a file of calibration histograms"), std::string::npos) << err;
  EXPECT_EQ(run({"quantize", net, "-o", path("d.onnx"), "--histograms", path("a.bin"), "--data",
                 path("a.npy")}),
            2);
  EXPECT_FALSE(exists("d.onnx"));
}

// Calibrated and scored on ONNX Runtime, by the rules of each.
TEST_F(QuantizeCommandTest, TargetsThatDoNotRunHereQuantizeAllTheSame) {
  const std::string data = samples("d.npy", 4);
  for (const auto& [target, scheme] :
       {std::pair("openvino", "u8"), std::pair("tensorrt", "s8"), std::pair("vsi-npu", "dfp16")}) {
    run_json({"quantize", network(), "-o", path("q.onnx"), "--data", data, "--target", target,
              "--scheme", scheme});
    const auto encodings = parse_encodings(read("q.encodings.json"), "q.encodings.json");
    ASSERT_TRUE(encodings) << encodings.error().message;
    EXPECT_EQ(encodings->find("x")->quantization.scheme, scheme) << target;
  }
  EXPECT_EQ(run({"quantize", network(), "-o", path("q.onnx"), "--data", data, "--target",
                 "tensorrt", "--scheme", "u8"}),
            2);
  EXPECT_NE(err.find("TensorRT takes no activations of scheme 'u8'"), std::string::npos) << err;
}

TEST_F(QuantizeCommandTest, EncodingsAreAppliedWithoutData) {
  const std::string net = network();
  run_json({"quantize", net, "-o", path("q.onnx"), "--data", samples("d.npy", 8)});
  const auto json = run_json(
      {"quantize", net, "-o", path("again.onnx"), "--encodings", path("q.encodings.json")});
  EXPECT_EQ(json["samples"], 0);
  EXPECT_EQ(read("again.onnx"), read("q.onnx"));
  EXPECT_EQ(read("again.encodings.json"), read("q.encodings.json"));
  std::string text = read("q.encodings.json");
  text.replace(text.find("\"x\""), 3, "\"z\"");
  const std::string edited = write("edited.json", text);
  EXPECT_EQ(run({"quantize", net, "-o", path("bad.onnx"), "--encodings", edited}), 2);
  EXPECT_NE(err.find("edited.json: tensor 'z'"), std::string::npos) << err;
  EXPECT_EQ(run({"quantize", net, "-o", path("bad.onnx"), "--encodings", path("none.json")}), 2);
  EXPECT_EQ(run({"quantize", net, "-o", path("bad.onnx"), "--encodings", edited, "--range", "mse"}),
            2);
  EXPECT_NE(err.find("--range"), std::string::npos) << err;
  EXPECT_FALSE(exists("bad.onnx"));
}

TEST_F(QuantizeCommandTest, ExplainRanksTheTensors) {
  const std::vector<std::string> call = {
      "quantize", network(), "-o", path("q.onnx"), "--data", samples("d.npy", 4), "--explain"};
  const auto explanation = run_json(call)["explanation"];
  ASSERT_EQ(explanation["tensors"].size(), 3);
  double last = 1;
  for (const auto& row : explanation["tensors"]) {
    EXPECT_LE(row["share"], last);
    last = row["share"];
    EXPECT_GT(row["int16_sqnr_db"], row["isolated_sqnr_db"]);
    EXPECT_EQ(row["cumulative_sqnr_db"].is_null(), row["tensor"] != "y") << row;
  }
  EXPECT_EQ(run(call), 0);
  EXPECT_NE(out.find("int16 gains"), std::string::npos) << out;
  EXPECT_EQ(run({"quantize", network(), "-o", path("q.onnx"), "--explain", "--encodings",
                 path("q.encodings.json")}),
            2);
  EXPECT_NE(err.find("--data"), std::string::npos) << err;
}

TEST_F(QuantizeCommandTest, MistakesLeaveNothing) {
  const std::string net = network();
  const std::string data = samples("d.npy", 4);
  EXPECT_EQ(run({"quantize", net, "-o", path("q.onnx")}), 2);  // no data
  EXPECT_EQ(run({"quantize", net, "-o", path("q.onnx"), "--data", path("none")}), 2);
  EXPECT_EQ(run({"quantize", net, "-o", path("q.onnx"), "--data", data, "--range", "best"}), 2);
  EXPECT_NE(err.find("best"), std::string::npos) << err;
  EXPECT_EQ(run({"quantize", net, "-o", path("q.onnx"), "--data", data, "--scheme", "s7"}), 2);
  EXPECT_FALSE(exists("q.onnx"));
  EXPECT_FALSE(exists("q.encodings.json"));
}

}  // namespace
}  // namespace acuate
