#include "convert/convert.h"

#include <cmath>
#include <random>

#include "base/file.h"
#include "convert/report_parts.h"
#include "data/npy.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "report/writer.h"
#include "runtime/artifact.h"
#include "shape/infer.h"
#include "targets/fold.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

constexpr const char* kNet = R"(<ir_version: 8, opset_import: ["" : 12]>
  net (float[batch,3,h,w] x) => (float[batch,4,h,w] y) <float[4,3,1,1] w = {1.0, -2.0, 0.5, 0.25, 1.5, -1.0, 2.0, 0.125, 0.75, -0.5, 1.0, 3.0}, float[4] b = {0.5, 0.25, 0.0, -1.0},
    float[4] gamma = {1.5, 0.5, 1.0, 2.0}, float[4] beta = {0.1, 0.2, 0.3, 0.4}, float[4] mean = {0.3, -0.4, 0.0, 0.1}, float[4] var = {4.0, 0.25, 1.0, 0.5}> {
    c = Conv(x, w, b)  n = BatchNormalization(c, gamma, beta, mean, var)  y = Relu(n) })";

class Convert : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(testing::TempDir()) /
        ("convert_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    auto model = parse_text_model(kNet);
    ASSERT_TRUE(model) << model.error().message;
    ASSERT_TRUE(save_model(**model, folder_ / "net.onnx"));
    Tensor samples = Tensor::allocate(ElementType::Float, {64, 3, 6, 5});
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (float& value : samples.mutable_values<float>()) value = normal(random);
    ASSERT_TRUE(write_npy(folder_ / "x.npy", samples));
    options_.model = folder_ / "net.onnx";
    options_.output = folder_ / "out";
    options_.target = "onnxruntime";
    options_.data = folder_ / "x.npy";
    options_.precision = "int8";
    options_.runs = 2;
  }
  std::vector<std::string> left_behind() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  fs::path folder_;
  ConvertOptions options_;
};

TEST_F(Convert, WritesAnArtifactThatRuns) {
  auto conversion = convert(options_);
  ASSERT_TRUE(conversion) << conversion.error().message;
  EXPECT_TRUE(conversion->unmet.empty());
  for (const char* file : {"manifest.json", "report.json", "report.html", "edits.acu",
                           "encodings.json", "modules/model.onnx"})
    EXPECT_TRUE(fs::exists(options_.output / file)) << file;
  const Report& report = conversion->report;
  EXPECT_EQ(report.model.nodes_before, 3);
  EXPECT_EQ(report.model.nodes_after, 2);  // Conv with BatchNormalization inside, Relu
  ASSERT_EQ(report.accuracy.size(), 2U);
  EXPECT_GT(*report.accuracy[0].converted, 25.0);  // dB
  EXPECT_EQ(report.accuracy[0].n, 16);             // every fourth of 64
  EXPECT_EQ(report.quantization.tensors.size(), 3U);
  bool integer = false;
  for (const auto& [kernel, count] : report.kernels.executed)
    integer |= kernel == "QLinearConv" && count == 1;
  EXPECT_TRUE(integer);
  auto artifact = Artifact::open(options_.output);
  ASSERT_TRUE(artifact) << artifact.error().message;
  EXPECT_EQ(artifact->inputs()[0].shape,
            (std::vector<int64_t>{1, 3, 6, 5}));  // proposed from the data
  EXPECT_TRUE(parse_report(read_text_file(options_.output / "report.json").value()));
}

TEST_F(Convert, ARequirementThatFailsIsToldAndTheArtifactStays) {
  options_.max_drop = {"sqnr=500dB"};
  auto conversion = convert(options_);
  ASSERT_TRUE(conversion) << conversion.error().message;
  ASSERT_EQ(conversion->unmet.size(), 1U);
  bool found = false;
  for (const Finding& finding : conversion->report.findings)
    found |= finding.id == "requirement_not_met";
  EXPECT_TRUE(found);
  EXPECT_TRUE(fs::exists(options_.output / "manifest.json"));
}

TEST_F(Convert, MistakesLeaveNothingBehind) {
  const auto before = left_behind();
  const auto error = [&](auto change) {
    ConvertOptions options = options_;
    change(options);
    auto conversion = convert(options);
    EXPECT_FALSE(conversion);
    EXPECT_EQ(left_behind(), before);
    return conversion ? "" : conversion.error().message;
  };
  EXPECT_THAT(error([](auto& o) { o.target = "vsi_npu", o.precision = "fp32"; }),
              testing::HasSubstr("acuate diagnose"));
  EXPECT_THAT(error([](auto& o) { o.data.reset(); }), testing::HasSubstr("needs --data"));
  EXPECT_THAT(error([](auto& o) { o.scheme = "s9"; }),
              testing::HasSubstr("there is no scheme 's9'"));
  EXPECT_THAT(error([](auto& o) { o.range = "entropie"; }), testing::HasSubstr("entropie"));
  EXPECT_THAT(error([](auto& o) { o.max_drop = {"f1"}; }), testing::HasSubstr("--max-drop"));
  EXPECT_THAT(error([](auto& o) {
                o.fix.shapes["x"] = {1, 3, 7, 7};
              }),
              testing::HasSubstr("7"));  // the samples are 6x5
  EXPECT_THAT(error([this](auto& o) { o.model = folder_ / "none.onnx"; }),
              testing::HasSubstr("none.onnx"));
}

TEST_F(Convert, AnExistingFolderIsNotTouched) {
  fs::create_directories(options_.output);
  ASSERT_TRUE(write_text_file(options_.output / "precious.txt", "kept"));
  EXPECT_THAT(convert(options_).error().message, testing::HasSubstr("exists already"));
  options_.overwrite = true;
  EXPECT_THAT(convert(options_).error().message,
              testing::HasSubstr("not a folder written by acuate"));
  EXPECT_EQ(read_text_file(options_.output / "precious.txt").value(), "kept");
}

TEST_F(Convert, Fp32WithoutDataSaysThatNothingWasJudged) {
  options_.precision = "fp32";
  options_.data.reset();
  auto conversion = convert(options_);
  ASSERT_TRUE(conversion) << conversion.error().message;
  bool found = false;
  for (const Finding& finding : conversion->report.findings)
    found |= finding.id == "no_evaluation_data";
  EXPECT_TRUE(found);
  EXPECT_TRUE(conversion->report.accuracy.empty());
}

bool has_finding(const Report& report, std::string_view id) {
  return std::any_of(report.findings.begin(), report.findings.end(),
                     [&](const Finding& finding) { return finding.id == id; });
}

TEST_F(Convert, WhatIsExcludedIsNamed) {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 13]>
    net (float[1,3,6,5] x) => (float[1,3,6,5] y) <float[3,3,1,1] w = {1.0, -2.0, 0.5, 0.25, 1.5, -1.0, 2.0, 0.125, 0.75}> { [first] a = Conv(x, w) [second] y = Conv(a, w) })");
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_TRUE(save_model(**model, options_.model));
  options_.exclude = {"sec*"};
  auto conversion = convert(options_);
  ASSERT_TRUE(conversion) << conversion.error().message;
  ASSERT_TRUE(has_finding(conversion->report, "kept_float"));
  EXPECT_FALSE(has_finding(conversion->report, "float_convolution"));
  EXPECT_FALSE(has_finding(conversion->report, "sample_overlap"));
}

TEST_F(Convert, AHybridIsJudgedOnHeldOutSamples) {
  // A drop of the cosine that 8 bits do not keep, and float does.
  ASSERT_TRUE(write_text_file(folder_ / "eval.yaml", "data: held.npy\nmetrics: [cosine]\n"));
  Tensor held = Tensor::allocate(ElementType::Float, {8, 3, 6, 5});
  std::mt19937 random(8);
  std::normal_distribution<float> normal;
  for (float& value : held.mutable_values<float>()) value = normal(random);
  ASSERT_TRUE(write_npy(folder_ / "held.npy", held));
  options_.eval = folder_ / "eval.yaml";
  options_.max_drop = {"cosine=0.0000001"};
  auto plain = convert(options_);
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->unmet.size(), 1U);
  options_.overwrite = true;
  options_.hybrid = "float";
  auto conversion = convert(options_);
  ASSERT_TRUE(conversion) << conversion.error().message;
  EXPECT_TRUE(conversion->unmet.empty());
  const auto& hybrid = conversion->report.quantization.hybrid;
  ASSERT_TRUE(hybrid);
  EXPECT_TRUE(hybrid->accepted);
  EXPECT_GT(hybrid->promoted, 0);
  for (const ReportHybridPoint& point : hybrid->curve)
    if (point.promoted == hybrid->promoted) {
      ASSERT_EQ(point.metrics.size(), 1U);
      EXPECT_EQ(point.metrics[0].first, "cosine");
    }
  for (const ReportRecovery& row : conversion->report.quantization.recovery)
    if (row.places == 0) {
      EXPECT_EQ(row.gain_db.reason(), "nothing to do") << row.id;
    }
  options_.max_drop = {"top1=0.5%"};
  auto unmeasured = convert(options_);
  ASSERT_FALSE(unmeasured);
  EXPECT_THAT(unmeasured.error().message, testing::HasSubstr("--eval"));
}

TEST_F(Convert, SamplesThatCalibrateAndJudgeAreTold) {
  ASSERT_TRUE(write_text_file(folder_ / "eval.yaml", "data: x.npy\nmetrics: [sqnr]\n"));
  options_.eval = folder_ / "eval.yaml";
  auto conversion = convert(options_);
  ASSERT_TRUE(conversion) << conversion.error().message;
  EXPECT_TRUE(has_finding(conversion->report, "sample_overlap"));
}

TEST(FindingsOfExecution, AFloatKernelOfAPlannedNodeIsSilentFloat) {
  Quantized quantized;
  quantized.anchors = {"conv_a", "conv_b"};
  Profile profile;
  profile.kernels = {{"conv_a", {}, "QLinearConv", "", 1, 1},
                     {"conv_b_nchwc", {}, "Conv", "", 1, 1},
                     {"other", {}, "Conv", "", 1, 1}};
  const auto findings = findings_of_execution(quantized, profile, "onnxruntime");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].id, "float_convolution");
  EXPECT_EQ(findings[0].nodes, std::vector<std::string>{"conv_b"});
  profile.kernels.erase(profile.kernels.begin() + 1);
  EXPECT_TRUE(findings_of_execution(quantized, profile, "onnxruntime").empty());
}

// The stated bound of the rounding passes, against the model as it was, on random data: |y' − y| ≤
// (K + 4) · 2⁻²³ · S, with S the sum of the absolute products and shifts, computed here in double.
TEST(RoundingBound, BatchNormalizationIntoConvHoldsIt) {
  const Target& engine = *targets().lookup("onnxruntime");
  const auto run = [&](const Model& model, const Tensor& x) {
    const auto bytes = model_bytes(model);
    auto loaded =
        engine.load(ModelSource::memory(as_bytes(*bytes)), {.optimization = Optimization::None});
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    return (*loaded)->run(std::vector<Tensor>{x}).value()[0];
  };
  auto model = parse_text_model(kNet);
  ASSERT_TRUE(model);
  auto fused = (*model)->clone();
  infer_shapes(*fused);
  ASSERT_EQ(run_pass(*passes().lookup("fuse_batch_norm_into_conv"), *fused, {})->applied, 1U);
  Tensor x = Tensor::allocate(ElementType::Float, {1, 3, 32, 32});
  std::mt19937 random(11);
  std::normal_distribution<float> normal(0, 100);
  for (float& value : x.mutable_values<float>()) value = normal(random);
  const Tensor before = run(**model, x), after = run(*fused, x);
  const auto values = [&](const char* name) {
    const auto tensor = (*model)->load(*(*model)->graph().find(name)->initializer);
    return std::vector<float>(tensor->values<float>().begin(), tensor->values<float>().end());
  };
  const auto w = values("w"), b = values("b"), gamma = values("gamma"), beta = values("beta"),
             mean = values("mean"), var = values("var");
  constexpr int kProducts = 3;
  double largest = 0;
  for (size_t c = 0; c < 4; ++c)
    for (size_t i = 0; i < 1024; ++i) {
      const double scale = gamma[c] / std::sqrt(static_cast<double>(var[c]) + 1e-5);
      double sum = std::abs(b[c] * scale) + std::abs(beta[c] - mean[c] * scale);
      for (size_t k = 0; k < 3; ++k)
        sum +=
            std::abs(static_cast<double>(w[c * 3 + k]) * x.values<float>()[k * 1024 + i] * scale);
      const double error = std::abs(static_cast<double>(before.values<float>()[c * 1024 + i]) -
                                    after.values<float>()[c * 1024 + i]);
      EXPECT_LE(error, (kProducts + 4) * std::pow(2.0, -23) * sum);
      largest = std::max(largest, error);
    }
  EXPECT_GT(largest, 0);  // it is a rounding pass: the bound is not held by doing nothing
}

TEST(ApplyByName, SimplifyTakesPatterns) {
  const auto swish = [] {
    return *parse_text_model(
        R"(<ir_version: 10, opset_import: ["" : 24]> g (float[4] x) => (float[4] y) { s = Sigmoid(x)  y = Mul(s, x) })");
  };
  auto plain = swish(), wanted = swish();
  ASSERT_TRUE(apply_pass_by_name(*plain, "simplify", {}));
  EXPECT_EQ(plain->graph().node_count(), 2U);
  ASSERT_TRUE(apply_pass_by_name(*wanted, "simplify:swish,layer-norm", {}));
  EXPECT_EQ(wanted->graph().node_count(), 1U);
  EXPECT_THAT(apply_pass_by_name(*plain, "simplify:fold-constants", {}).error().message,
              testing::HasSubstr("phase fold"));
}

}  // namespace
}  // namespace acuate
