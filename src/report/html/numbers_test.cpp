#include <gtest/gtest.h>

#include "report/html/sections.h"
#include "report/report_test_support.h"

namespace acuate {
namespace {

TEST(NumbersHtml, AMeasureIsItsNumberOrItsReason) {
  EXPECT_EQ(measure_text(Measure(0.50249), 3, " ms"), "0.502 ms");
  EXPECT_EQ(measure_text(Measure::none("no labels"), 3, " ms"), "no labels");
  EXPECT_EQ(sort_value(Measure(0.5)), "0.5");
  EXPECT_EQ(sort_value(Measure::none("no labels")), "");
}

TEST(NumbersHtml, AccuracyTellsItsIntervalOrWhyThereIsNone) {
  Report report;
  EXPECT_NE(html_accuracy(report).find("Not measured."), std::string::npos);
  report.accuracy = {{"top1", 0.75, 0.7325, 1000, {{0.7, 0.76}}, ""},
                     {"map", 0.5, Measure::none("no boxes"), 10, {}, "too few samples"},
                     {"cosine", 1.0, 0.999, 10, {}, ""}};
  const std::string html = html_accuracy(report);
  EXPECT_NE(
      html.find("<td class=\"num\" data-value=\"0.7325\">0.7325</td><td class=\"num\">0.7000 … "
                "0.7600</td><td class=\"num\">1,000</td>"),
      std::string::npos)
      << html;
  EXPECT_NE(
      html.find("<td class=\"num reason\">no boxes</td><td class=\"num reason\">too few samples"),
      std::string::npos);
  EXPECT_NE(html.find("<td class=\"num reason\">not measured</td>"), std::string::npos);
}

// The axis ends beside the bulk, so that one outlier does not press all others together.
TEST(NumbersHtml, LatencyDrawsBothOnOneAxis) {
  Report report;
  report.latency.baseline_samples_ms.assign(99, 10.0);
  report.latency.baseline_samples_ms.push_back(5000);
  report.latency.converted_samples_ms.assign(100, 5.0);
  report.latency.baseline_ms = 10;
  report.latency.converted_ms = 5;
  const std::string html = html_latency(report);
  EXPECT_EQ(count_of(html, "<svg"), 2u);
  EXPECT_NE(html.find("<span>15.3 ms</span>"), std::string::npos) << html;  // 1.5 · 10 · 1.02
  report.latency.baseline_samples_ms.clear();
  report.latency.converted_samples_ms.clear();
  EXPECT_NE(html_latency(report).find("<p>baseline 10.00 ms, converted 5.00 ms</p>"),
            std::string::npos);
}

TEST(NumbersHtml, CandidatesAndPaddingStandWhereTheyWere) {
  Report report;
  const std::string none = html_latency(report);
  EXPECT_EQ(none.find("id=\"candidates\""), std::string::npos);
  EXPECT_EQ(none.find("id=\"padding\""), std::string::npos);
  report.candidates = {{"openvino", "bf16", "chosen", 3.5, 7.0, ""},
                       {"vsi_npu", "int8", "failed", {}, {}, "<no device>"}};
  report.padding = {{{"height", 640}}, {{"x", "zero"}}, {}, 12.0, 40.0, {}};
  const std::string html = html_latency(report);
  EXPECT_NE(
      html.find("<td>openvino</td><td>bf16</td><td>chosen</td><td class=\"num\">3.50 ms</td>"),
      std::string::npos);
  EXPECT_NE(html.find("<td>vsi-npu</td><td>int8</td><td>failed</td><td class=\"num\">–</td><td "
                      "class=\"num\">–</td><td>&lt;no device&gt;</td>"),
            std::string::npos);
  EXPECT_NE(html.find("<ul id=\"padding\">"), std::string::npos);
}

TEST(NumbersHtml, KernelsAreProvenOrNot) {
  Report report;
  report.kernels.unproven = "the engine tells no kernels";
  EXPECT_NE(html_kernels(report).find("Unproven: the engine tells no kernels"), std::string::npos);
  report.kernels.executed = {{"Reorder", 2}, {"QLinearConv", 30}, {"Conv", 3}};
  const std::string html = html_kernels(report);
  EXPECT_LT(html.find("QLinearConv"), html.find(">Conv<")) << "the most frequent stands first";
  EXPECT_LT(html.find(">Conv<"), html.find("Reorder"));
  EXPECT_EQ(count_of(html, ">8 bits<"), 1u);
  EXPECT_EQ(count_of(html, ">float<"), 1u) << "of what is heavy alone";
}

}  // namespace
}  // namespace acuate
