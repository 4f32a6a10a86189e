#include <fmt/format.h>
#include <gtest/gtest.h>

#include "report/html/sections.h"
#include "report/report_test_support.h"

namespace acuate {
namespace {

Finding finding(const char* cause) {
  Finding result;
  result.id = "unsupported_operator";
  result.severity = Severity::Error;
  result.target = "vsi_npu";
  result.cause = cause;
  return result;
}

TEST(FindingsHtml, NoneIsSaid) {
  EXPECT_NE(html_findings(Report{}).find("<p class=\"good\">None.</p>"), std::string::npos);
}

TEST(FindingsHtml, OneKindIsOneArticleWithAllItsNodes) {
  Report report;
  for (int i = 0; i < 400; ++i) {
    report.findings.push_back(finding("NonMaxSuppression is not taken"));
    report.findings.back().nodes = {fmt::format("node<{}>", i)};
    report.findings.back().evidence = fmt::format("evidence {}", i);
    report.findings.back().fix = {fmt::format("remove node{}", i)};
  }
  const std::string html = html_findings(report);
  EXPECT_EQ(count_of(html, "<article"), 1u);
  EXPECT_NE(html.find("400 of 1 kind<"), std::string::npos);
  EXPECT_NE(html.find("<span class=\"badge\">× 400</span>"), std::string::npos);
  EXPECT_NE(html.find("<span class=\"badge\">vsi-npu</span>"), std::string::npos);
  EXPECT_NE(html.find("<summary>400 nodes</summary>"), std::string::npos);
  EXPECT_NE(html.find("node&lt;299&gt;</div><p class=\"dim\">… 100 more names in report.json"),
            std::string::npos);
  EXPECT_NE(html.find("remove node199</code></pre></div>\n<p class=\"dim\">… 200 more commands"),
            std::string::npos);
  EXPECT_EQ(count_of(html, "<li>evidence"), 4u);
  EXPECT_NE(html.find("<li>… and others alike</li>"), std::string::npos);
}

TEST(FindingsHtml, SameEvidenceIsSaidOnce) {
  Report report;
  report.findings = {finding("a"), finding("a")};
  for (Finding& one : report.findings) one.evidence = "input x has 5 dimensions";
  const std::string html = html_findings(report);
  EXPECT_EQ(count_of(html, "input x has 5 dimensions"), 1u);
  EXPECT_EQ(html.find("others alike"), std::string::npos);
}

ReportModule module(const char* path, ModuleStatus status, Measure time_us = Measure::none("")) {
  ReportModule result;
  result.path = path;
  result.type = "Conv2d";
  result.status = status;
  result.time_us = time_us;
  return result;
}

TEST(ModulesHtml, RowsPerStatusAndATree) {
  Report report;
  EXPECT_EQ(html_modules(report), "");
  report.modules = {module("body.a", ModuleStatus::Converted, 1200),
                    module("body.b", ModuleStatus::Converted, 300),
                    module("head", ModuleStatus::Failed)};
  report.modules[2].error = "Resize: cubic";
  report.modules[2].num_errors = 2;
  const std::string html = html_modules(report);
  const std::string failed = "<td><span class=\"badge failed\">failed</span></td>";
  const std::string converted = "<td><span class=\"badge converted\">converted</span></td>";
  ASSERT_NE(html.find(failed), std::string::npos);
  EXPECT_LT(html.find(failed), html.find(converted)) << "what failed stands first";
  EXPECT_NE(html.find("data-value=\"1500\">1500.0 µs</td>"), std::string::npos) << html;
  EXPECT_NE(html.find("<td class=\"text\">Resize: cubic</td><td class=\"num\" data-value=\"2\">2<"),
            std::string::npos);
  EXPECT_NE(html.find("<details><summary><span class=\"name\">body</span>"), std::string::npos)
      << "a branch of one status is closed";
}

TEST(ModulesHtml, DepthAndWidthAreBounded) {
  Report report;
  std::string path = "m";
  for (int i = 0; i < 50'000; ++i) path += ".m";
  report.modules = {module(path.c_str(), ModuleStatus::Converted)};
  EXPECT_LT(count_of(html_modules(report), "<details"), 30u);
  report.modules.clear();
  for (int i = 0; i < 200; ++i) {
    report.modules.push_back(module(fmt::format("m{}", i).c_str(), ModuleStatus::Host));
    report.modules.back().type = fmt::format("Class{}", i);
  }
  EXPECT_NE(html_modules(report).find("… 140 more rows in report.json"), std::string::npos);
}

}  // namespace
}  // namespace acuate
