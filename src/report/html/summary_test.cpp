#include <gtest/gtest.h>

#include "report/html/sections.h"
#include "report/report_test_support.h"

namespace acuate {
namespace {

TEST(SummaryHtml, HeaderNamesFileAndTarget) {
  Report report;
  report.model.path = "/models/a<b>.onnx";
  report.target = {"vsi_npu", "VIP", "1.0", "CPU", "int8", "u8_asymmetric"};
  const std::string html = html_header(report);
  EXPECT_NE(html.find("<h1>a&lt;b&gt;.onnx</h1>"), std::string::npos) << html;
  EXPECT_NE(html.find("int8 for vsi-npu (VIP 1.0, CPU), scheme u8-asymmetric"), std::string::npos);
}

TEST(SummaryHtml, CoverageIsGoodOnlyWhole) {
  Report report;
  report.coverage.modules_total = 4;
  EXPECT_NE(html_cards(report).find("card is-bad\"><div class=\"label\">Coverage"),
            std::string::npos);
  report.coverage.modules_converted = 3;
  report.coverage.engines = 1;
  report.coverage.macs_on_target_fraction = 0.99999;
  const std::string part = html_cards(report);
  EXPECT_NE(part.find("card is-warn\"><div class=\"label\">Coverage"), std::string::npos);
  EXPECT_NE(part.find("in 1 engine; 99.99 % of the arithmetic"), std::string::npos) << part;
  report.coverage.modules_converted = 4;
  EXPECT_NE(html_cards(report).find("card is-good\"><div class=\"label\">Coverage"),
            std::string::npos);
}

TEST(SummaryHtml, LatencySaysFasterOrSlowerByTheRatio) {
  Report report;
  report.latency.baseline_ms = 10;
  report.latency.converted_ms = 4;
  EXPECT_NE(html_cards(report).find("2.50× faster, baseline 10.00 ms"), std::string::npos);
  report.latency.converted_ms = 40;
  EXPECT_NE(html_cards(report).find("4.00× slower, baseline 10.00 ms"), std::string::npos);
  report.latency.converted_ms = 0;
  EXPECT_EQ(html_cards(report).find("×"), std::string::npos) << "no ratio of nothing";
}

TEST(SummaryHtml, EightBitsAreGoodOnlyWhereNoHeavyKernelIsFloat) {
  Report report;
  EXPECT_NE(html_cards(report).find(">unproven<"), std::string::npos);
  report.target.precision = "int8";
  report.kernels.executed = {{"QLinearConv", 60}, {"Conv", 4}};
  EXPECT_NE(html_cards(report).find("is-warn\"><div class=\"label\">Proven in 8 bits</div><div "
                                    "class=\"value\">60 / 64"),
            std::string::npos);
  report.kernels.executed = {{"QLinearConv", 64}, {"Softmax", 4}};
  EXPECT_NE(html_cards(report).find("is-good\"><div class=\"label\">Proven in 8 bits</div><div "
                                    "class=\"value\">64 / 64"),
            std::string::npos);
  report.target.precision = "fp32";
  report.kernels.executed = {{"Conv", 7}};
  EXPECT_NE(html_cards(report).find("none in 8 bits"), std::string::npos);
}

TEST(SummaryHtml, SizeSaysSmallerOrLarger) {
  Report report;
  report.model.size_bytes = 4'000'000;
  report.model.converted_size_bytes = 1'000'000.0;
  EXPECT_NE(html_cards(report).find("4.00× smaller"), std::string::npos);
  report.model.converted_size_bytes = 8'000'000.0;
  EXPECT_NE(html_cards(report).find("2.00× larger"), std::string::npos);
}

TEST(SummaryHtml, FindingsCountBySeverity) {
  Report report;
  report.findings.resize(4);
  report.findings[0].severity = Severity::Warning;
  for (size_t i = 1; i < 4; ++i) report.findings[i].severity = Severity::Info;
  EXPECT_NE(html_cards(report).find("card is-warn\"><div class=\"label\">Findings</div><div "
                                    "class=\"value\">4</div><div class=\"note\">0 errors, 1 "
                                    "warning, 3 notes"),
            std::string::npos)
      << html_cards(report);
}

TEST(SummaryHtml, StagesHaveTheirTimeAndMemory) {
  Report report;
  EXPECT_EQ(html_stages(report), "");
  report.stages = {{"import", 0.5, 2.0e6}, {"pin_sizes", 1.5, {}}};
  const std::string html = html_stages(report);
  EXPECT_NE(html.find("<small>2.0 s</small>"), std::string::npos) << html;
  EXPECT_NE(html.find("500 ms, peak 2.0 MB"), std::string::npos) << html;
  EXPECT_NE(html.find("<span>pin-sizes</span><span class=\"num dim\">1.5 s</span>"),
            std::string::npos);
}

TEST(SummaryHtml, ModelShowsPortsBeforeAndAfter) {
  Report report;
  report.model.inputs = {{"x", "float32", {{{{}, "batch"}, {3, ""}}}, {{{1, ""}, {3, ""}}}}};
  report.model.macs = Measure::none("sizes are open");
  const std::string html = html_model(report);
  EXPECT_NE(html.find("<td class=\"text\">batch x 3</td><td class=\"text\">1x3</td>"),
            std::string::npos);
  EXPECT_NE(html.find("<dd>sizes are open</dd>"), std::string::npos);
  EXPECT_EQ(html.find("<dt>producer</dt>"), std::string::npos) << "a fact that is not given";
}

}  // namespace
}  // namespace acuate
