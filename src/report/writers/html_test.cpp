#include <regex>

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/text.h"
#include "report/embedded.h"
#include "report/html/markup.h"
#include "report/report_test_support.h"

namespace acuate {
namespace {

// Every `<tag …>` of the page, without the text between and without style and script.
std::vector<std::string> tags(std::string html) {
  for (std::string_view block : {report_css(), plots_css(), report_js()}) {
    const size_t at = html.find(block);
    EXPECT_NE(at, std::string::npos);
    if (at != std::string::npos) html.erase(at, block.size());
  }
  std::vector<std::string> result;
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at)) {
    const size_t end = html.find('>', at);
    result.push_back(html.substr(at, end - at + 1));
    at = end;
  }
  return result;
}

TEST(Html, PageIsSelfContainedAndUnderAStrictPolicy) {
  const std::string html = render_html(example_report());
  EXPECT_EQ(count_of(html, "<script"), 1u);
  EXPECT_EQ(count_of(html, "<style"), 2u);
  EXPECT_NE(html.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(html.find("unsafe"), std::string::npos);
  EXPECT_EQ(html.find("://"), std::string::npos) << "no address of anything outside";
  EXPECT_EQ(html.find("url("), std::string::npos);
  const std::regex forbidden("\\s(style|src|on[a-z]+)=|href=\"[^#]");
  for (const std::string& tag : tags(html)) {
    EXPECT_FALSE(std::regex_search(tag, forbidden)) << tag;
  }
}

TEST(Html, PolicyHashesAreThoseOfTheBlocks) {
  const std::string html = render_html(Report{});
  // The hashes are taken of the files; what stands in the page must be those files.
  const std::string web = ACUATE_SOURCE_DIR "/src/report/web/";
  EXPECT_EQ(report_css(), *read_text_file(web + "report.css"));
  EXPECT_EQ(report_js(), *read_text_file(web + "report.js"));
  EXPECT_NE(html.find("<style>" + std::string(report_css()) + "</style>"), std::string::npos);
  EXPECT_EQ(plots_css(), *read_text_file(web + "plots.css"));
  EXPECT_NE(html.find("<style>" + std::string(plots_css()) + "</style>"), std::string::npos);
  EXPECT_NE(html.find("'sha256-" + base64_of_hex(plots_css_sha256()) + "'"), std::string::npos);
  EXPECT_NE(html.find("<script>" + std::string(report_js()) + "</script>"), std::string::npos);
  EXPECT_NE(html.find("sha256-" + base64_of_hex(report_js_sha256()) + "'"), std::string::npos);
}

TEST(Html, HostileTextStaysText) {
  const std::string hostile =
      "<script>alert(1)</script>\"onload='x'&amp;</style><img src=q>\xff\x1b\u202E";
  Report report = example_report();
  report.model.path = report.model.hash = report.model.producer = hostile;
  report.model.inputs[0] = {hostile, hostile, {{{{}, hostile}}}, {}};
  report.model.opset = {{hostile, 1}};
  report.target = {hostile, hostile, hostile, hostile, hostile, hostile};
  Finding& finding = report.findings[0];
  finding.id = finding.target = finding.module = finding.cause = finding.evidence = finding.stage =
      hostile;
  finding.nodes = finding.fix = {hostile};
  ReportModule& module = report.modules[0];
  module.path = module.type = module.error = module.engine = hostile;
  report.accuracy[0] = {hostile, Measure::none(hostile), Measure::none(hostile), 1, {}, hostile};
  report.latency.baseline_ms = report.latency.p95_ms = Measure::none(hostile);
  report.padding = {{{hostile, 1}},         {{hostile, hostile}},   {{hostile, hostile}},
                    Measure::none(hostile), Measure::none(hostile), {{hostile, 1}}};
  ReportTensor& tensor = report.quantization.tensors[0];
  tensor.name = tensor.kind = tensor.module = tensor.scheme = tensor.range_method = hostile;
  tensor.sqnr_db = tensor.range_min = tensor.clipped_fraction = Measure::none(hostile);
  ReportTensor& drawn = report.quantization.tensors[1];
  drawn.name = drawn.module = drawn.range_method = hostile;
  drawn.methods = {{hostile, -1, 1, Measure::none(hostile)}};
  drawn.network_sqnr_db = Measure::none(hostile);
  report.kernels.executed[0].first = report.stages[0].name = hostile;
  report.environment[0] = {hostile, hostile};
  const std::string html = render_html(report);
  EXPECT_EQ(count_of(html, "<script"), 1u);
  EXPECT_EQ(count_of(html, "</style>"), 2u);
  EXPECT_EQ(html.find("<img"), std::string::npos);
  EXPECT_EQ(html.find("\"onload"), std::string::npos);
  EXPECT_EQ(html.find('\x1b'), std::string::npos);
  EXPECT_EQ(html.find("\u202E"), std::string::npos);
  EXPECT_EQ(html, to_valid_utf8(html));
  EXPECT_GE(
      count_of(html, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;onload=&#39;x&#39;&amp;amp;"),
      25u);
  report.kernels = {{}, hostile};
  EXPECT_EQ(count_of(render_html(report), "<script"), 1u);
}

TEST(Html, ExampleShowsEachPart) {
  const std::string html = render_html(example_report());
  for (const char* part :
       {"146 / 151", "1.93× faster", "60 / 64", "3.39× smaller", "id=\"stages\"", "id=\"findings\"",
        "id=\"modules\"", "id=\"quantization\"", "id=\"environment\"", "× 24", "id=\"grids\"",
        "<td>s8</td><td>percentile</td><td class=\"num\">21.5 dB</td><td>yes</td>"}) {
    EXPECT_NE(html.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(count_of(html, "<tr data-kind="), 300u);
  EXPECT_EQ(count_of(html, "<svg class=\"hist\""), 300u);
  EXPECT_LT(html.find("\"name\">conv2d_153.tmp_0<br>"), html.find("\"name\">conv2d_135.tmp_0<br>"))
      << "the worst tensor stands first";
}

TEST(Html, EmptyReportLeavesPartsOut) {
  const std::string html = render_html(Report{});
  EXPECT_EQ(html.find("id=\"quantization\""), std::string::npos);
  EXPECT_EQ(html.find("href=\"#stages\""), std::string::npos);
  EXPECT_NE(html.find("unproven"), std::string::npos);
}

}  // namespace
}  // namespace acuate
