#include <gtest/gtest.h>

#include "report/html/sections.h"
#include "report/report_test_support.h"

namespace acuate {
namespace {

ReportTensor tensor(const char* name, Measure sqnr_db) {
  ReportTensor result;
  result.name = name;
  result.kind = "activation";
  result.scheme = "s8";
  result.scale = {0.5};
  result.range_method = "percentile";
  result.sqnr_db = sqnr_db;
  result.histogram = {-1, 1, {1, 4, 4, 1}};
  return result;
}

TEST(QuantizationHtml, NothingQuantizedIsNoSection) { EXPECT_EQ(html_quantization(Report{}), ""); }

TEST(QuantizationHtml, WorstFirstWithItsToneAndScale) {
  Report report;
  report.quantization.tensors = {tensor("fine", 40.0), tensor("lost", Measure::none("constant")),
                                 tensor("bad", 9.0), tensor("fair", 20.0)};
  report.quantization.tensors[0].scale = {0.25, 0.125};
  report.quantization.tensors[0].axis = 1;
  const std::string html = html_quantization(report);
  size_t last = 0;
  for (const char* name : {">bad<", ">fair<", ">fine<", ">lost<"}) {
    const size_t at = html.find(name);
    ASSERT_NE(at, std::string::npos) << name;
    EXPECT_GT(at, last) << name;
    last = at;
  }
  EXPECT_NE(html.find("<rect class=\"bad\" width=\"18\""), std::string::npos) << "9 of 50 dB";
  EXPECT_NE(html.find("<rect class=\"warn\" width=\"40\""), std::string::npos);
  EXPECT_NE(html.find("<rect class=\"good\" width=\"80\""), std::string::npos);
  EXPECT_NE(html.find("s8, axis 1, 8 bits<br><span class=\"dim\">scale 0.125 … 0.25</span>"),
            std::string::npos);
  EXPECT_NE(html.find("data-value=\"\">constant</td>"), std::string::npos);
}

TEST(QuantizationHtml, AHistogramOpensOnTheRangesOfAllMethods) {
  Report report;
  report.quantization.tensors = {tensor("x", 20.0)};
  ReportTensor& drawn = report.quantization.tensors[0];
  drawn.range_min = -0.5;
  drawn.range_max = 0.5;
  drawn.methods = {{"minmax", -1, 1, 18.0}, {"percentile", -0.5, 0.5, 20.0}};
  drawn.network_sqnr_db = 12.0;
  const std::string html = html_quantization(report);
  EXPECT_EQ(count_of(html, "<tr class=\"more\">"), 1u);
  EXPECT_EQ(count_of(html, "class=\"ranges\""), 1u);
  EXPECT_EQ(count_of(html, "<tr class=\"chosen\">"), 1u);
  EXPECT_NE(html.find("with the noise from further up: 12.0 dB."), std::string::npos);
}

TEST(QuantizationHtml, TablesOfWhatWasTried) {
  Report report;
  report.quantization.tensors = {tensor("x", 20.0)};
  report.quantization.recovery = {{"bias_correction", 12, true, 2.25},
                                  {"rounding", 0, false, Measure::none("nothing to round")}};
  report.quantization.grids = {{"u8", "mse", false, 17.0}};
  report.quantization.hybrid = {
      "s16",
      2,
      9,
      false,
      {{0, 0.0, 1.0, 20.0, 19.5, {}}, {2, 2 / 9.0, 0.9, 25.0, 24.0, {{"map", 0.97}}}}};
  const std::string html = html_quantization(report);
  EXPECT_NE(
      html.find("<td>bias-correction</td><td class=\"num\">12</td><td class=\"num\">2.2 dB</td>"
                "<td>yes</td>"),
      std::string::npos)
      << html;
  EXPECT_NE(html.find("<td class=\"num\">nothing to round</td><td>no</td>"), std::string::npos);
  EXPECT_NE(html.find("<td>u8</td><td>mse</td><td class=\"num\">17.0 dB</td><td>no</td>"),
            std::string::npos);
  EXPECT_NE(html.find("Hybrid: 2 of 9 activations in s16, which is not enough"), std::string::npos);
  EXPECT_NE(
      html.find("<tr class=\"chosen\"><td class=\"num\">2</td><td class=\"num\">22.2 %</td><td "
                "class=\"num\">90.0 %</td>"),
      std::string::npos);
  EXPECT_NE(html.find("<td>map 0.97</td>"), std::string::npos);
}

// A page is read in a browser: pictures, drawings and rows end before it grows too large.
TEST(QuantizationHtml, RowsAreBounded) {
  Report report;
  for (int i = 0; i < 3010; ++i) report.quantization.tensors.push_back(tensor("t", i));
  const std::string html = html_quantization(report);
  EXPECT_EQ(count_of(html, "<tr data-kind="), 3000u);
  EXPECT_EQ(count_of(html, "<svg class=\"hist\""), 1000u);
  EXPECT_NE(html.find("… 10 more tensors in report.json"), std::string::npos);
}

}  // namespace
}  // namespace acuate
