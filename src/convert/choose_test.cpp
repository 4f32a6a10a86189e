#include "convert/choose.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "base/file.h"
#include "data/npy.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "report/writer.h"
#include "runtime/artifact.h"
#include "runtime/cost_table.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

class Choose : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    auto model = parse_text_model(
        R"(<ir_version: 8, opset_import: ["" : 17]> net (float[1,3,16,16] x) => (float[1,4,16,16] y)
        <float[4,3,1,1] w = {1.0, -2.0, 0.5, 0.25, 1.5, -1.0, 2.0, 0.125, 0.75, -0.5, 1.0, 3.0}>
        { c = Conv(x, w)  y = Relu(c) })");
    ASSERT_TRUE(model) << model.error().message;
    ASSERT_TRUE(save_model(**model, folder_ / "net.onnx"));
    Tensor samples = Tensor::allocate(ElementType::Float, {32, 3, 16, 16});
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (float& value : samples.mutable_values<float>()) value = normal(random);
    ASSERT_TRUE(write_npy(folder_ / "x.npy", samples));
    options_.model = folder_ / "net.onnx";
    options_.output = folder_ / "out";
    options_.target = options_.precision = "auto";
    options_.data = folder_ / "x.npy";
    options_.max_drop = {"sqnr=20dB"};
    options_.runs = 3;
  }
  void TearDown() override { fs::remove_all(folder_); }

  const fs::path folder_ = fs::path(testing::TempDir()) / "acuate_choose";
  ConvertOptions options_;
};

TEST_F(Choose, TheFastestThatMeetsTheConditions) {
  const auto conversion = convert(options_);
  ASSERT_TRUE(conversion) << conversion.error().message;
  const auto& rows = conversion->report.candidates;
  const auto chosen = std::find_if(
      rows.begin(), rows.end(), [](const ReportCandidate& row) { return row.status == "chosen"; });
  ASSERT_NE(chosen, rows.end());
  std::vector<std::string> seen;
  for (const ReportCandidate& row : rows) {
    seen.push_back(row.target + " " + row.precision);
    if (row.status == "slower") {
      EXPECT_GE(*row.latency_ms, *chosen->latency_ms);
    }
  }
  EXPECT_NE(std::find(seen.begin(), seen.end(), "onnxruntime fp32"), seen.end());
  EXPECT_NE(std::find(seen.begin(), seen.end(), "onnxruntime int8"), seen.end());
  // The artifact is that of the chosen one, and nothing of the others is left.
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(options_.output))
    files.push_back(entry.path().filename().string());
  EXPECT_EQ(std::count(files.begin(), files.end(), ".candidates"), 0);
  EXPECT_TRUE(Runnable::open(options_.output, *resolve_target(chosen->target)));
  const auto report = parse_report(*read_text_file(options_.output / "report.json"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->candidates.size(), rows.size());
  EXPECT_EQ(report->target.id, chosen->target);
  EXPECT_EQ(report->target.precision, chosen->precision);
}

TEST_F(Choose, WhatLosesTooMuchIsRefused) {
  options_.target = "onnxruntime";
  options_.max_drop = {"sqnr=90dB"};
  const auto conversion = convert(options_);
  ASSERT_TRUE(conversion) << conversion.error().message;
  ASSERT_EQ(conversion->report.candidates.size(), 2U);
  EXPECT_EQ(conversion->report.candidates[0].status, "chosen");
  EXPECT_EQ(conversion->report.candidates[1].status, "refused");
  EXPECT_NE(conversion->report.candidates[1].reason.find("sqnr"), std::string::npos);
  EXPECT_EQ(conversion->report.target.precision, "fp32");
}

TEST_F(Choose, WhatIsSaidOfWeightsIsForInt8Alone) {
  std::string weights = "0.5";
  for (int i = 1; i < 128 * 128; ++i) weights += i % 3 == 0 ? ", 0.25" : ", -0.125";
  auto model = parse_text_model(
      R"(<ir_version: 8, opset_import: ["" : 21]> net (float[1,128] x) => (float[1,128] y)
      <float[128,128] w = {)" +
      weights + "}> { y = MatMul(x, w) }");
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_TRUE(save_model(**model, folder_ / "net.onnx"));
  Tensor samples = Tensor::allocate(ElementType::Float, {32, 128});
  float next = 0;
  for (float& value : samples.mutable_values<float>()) value = std::sin(next += 1);
  ASSERT_TRUE(write_npy(folder_ / "x.npy", samples));
  options_.target = "onnxruntime";
  options_.weights_only = "s8";
  const auto conversion = convert(options_);
  ASSERT_TRUE(conversion) << conversion.error().message;
  ASSERT_EQ(conversion->report.candidates.size(), 2U);
  for (const ReportCandidate& row : conversion->report.candidates)
    EXPECT_NE(row.status, "failed") << row.reason;
  EXPECT_EQ(conversion->report.candidates[1].precision, "int8");
}

// Of an engine that no table is of, pieces are chosen without costs.
TEST_F(Choose, CostTablesCountForTheirOwnEngines) {
  CostTable table;
  table.target = "onnxruntime";
  table.operators["*"] = {1, 1, 1};
  ASSERT_TRUE(write_text_file(folder_ / "costs.json", write_cost_table(table)));
  std::vector<std::string> notes;
  options_.costs = {folder_ / "costs.json"};
  options_.note = [&](const std::string& line) { notes.push_back(line); };
  const auto conversion = convert(options_);
  ASSERT_TRUE(conversion) << conversion.error().message;
  for (const ReportCandidate& row : conversion->report.candidates)
    if (row.target == "openvino") {
      EXPECT_NE(row.status, "failed") << row.reason;
    }
  const bool tells = std::any_of(notes.begin(), notes.end(), [](const std::string& line) {
    return line.starts_with("--costs has no table of openvino");
  });
  EXPECT_EQ(tells, resolve_target("openvino")->status().run.available);
}

TEST_F(Choose, MistakesLeaveNothing) {
  options_.max_drop.clear();
  auto conversion = convert(options_);
  ASSERT_FALSE(conversion);
  EXPECT_NE(conversion.error().message.find("--max-drop sqnr=20dB"), std::string::npos);
  options_.max_drop = {"sqnr=20dB"};
  options_.model = folder_ / "none.onnx";
  conversion = convert(options_);
  ASSERT_FALSE(conversion);
  EXPECT_NE(conversion.error().message.find("onnxruntime fp32"), std::string::npos);
  EXPECT_FALSE(fs::exists(options_.output));
}

}  // namespace
}  // namespace acuate
