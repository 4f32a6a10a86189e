#include <gtest/gtest.h>

#include "base/text.h"
#include "report/report_test_support.h"
#include "report/table.h"

namespace acuate {
namespace {

void expect_narrow(const std::string& text) {
  for (const std::string& line : split(text, '\n')) EXPECT_LE(display_width(line), 100) << line;
}

TEST(Terminal, OpensWithTheFourLinesThatMatter) {
  Report report;
  report.coverage.modules_converted = report.coverage.modules_total = 447;
  report.coverage.engines = 1;
  report.accuracy = {{"map", 0.5311, 0.5025, 5000, {}, ""}};
  report.latency = {60.92, 48.13, 50.0, 20, {}, {}};
  EXPECT_TRUE(
      render_terminal(report).starts_with("Conversion Rate: 447/447\n"
                                          "Num Modules: 1\n"
                                          "Accuracy: 0.5025 (baseline 0.5311)\n"
                                          "Latency: 48.13 ms (baseline 60.92 ms)\n"))
      << render_terminal(report);
}

TEST(Terminal, WhatWasNotMeasuredSaysSo) {
  Report report;
  report.latency.converted_ms = Measure::none("no device");
  const std::string text = render_terminal(report);
  EXPECT_NE(text.find("Accuracy: not measured\n"), std::string::npos);
  EXPECT_NE(text.find("Latency: no device (baseline not measured)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("unproven: not measured"), std::string::npos);
}

TEST(Terminal, ExampleHasEverySectionInItsOrder) {
  const std::string text = render_terminal(example_report());
  size_t at = 0;
  for (const char* title :
       {"\nModules\n", "\nStatus\n", "\nFindings: 60 of 6 kinds\n", "\nAccuracy\n", "\nKernels\n",
        "\nQuantization: 300 tensors", "\nStages\n"}) {
    const size_t found = text.find(title, at);
    ASSERT_NE(found, std::string::npos) << title;
    at = found;
  }
  EXPECT_NE(text.find("set-shape x 1 3 640 640"), std::string::npos);
  EXPECT_NE(text.find("of the convolutions and matrix products 60 in 8 bits, 4 in float"),
            std::string::npos);
  expect_narrow(text);
}

TEST(Terminal, PaddingTellsWhatItCosts) {
  Report report;
  EXPECT_EQ(render_terminal(report).find("Padding"), std::string::npos);
  report.accuracy = {{"ap", 0.5, 0.49, 10, {}, ""}};
  report.latency.baseline_ms = 10;
  report.padding = {
      {{"width", 1333}},         {{"image", "0.0"}}, {{"boxes", "axis 2 is scaled"}}, 15, 31.25,
      {{"ap", 0.4}, {"ar", 0.3}}};
  EXPECT_NE(render_terminal(report).find("\nPadding\n"
                                         "  inputs are filled up to width = 1333 with image = 0.0\n"
                                         "  the baseline takes 15.00 ms padded, 10.00 ms without: "
                                         "1.50×\n"
                                         "  SQNR of the padded baseline's worst output: 31.2 dB\n"
                                         "  ap of the padded baseline: 0.4000, without 0.5000\n"
                                         "  ar of the padded baseline: 0.3000\n"
                                         "  output boxes: axis 2 is scaled\n"),
            std::string::npos)
      << render_terminal(report);
  report.padding->padded_ms = Measure::none("no runs");
  EXPECT_NE(render_terminal(report).find("time of the padded baseline: no runs\n"),
            std::string::npos);
}

TEST(Terminal, EqualFindingsAreOneEntry) {
  Report report;
  for (int i = 0; i < 300; ++i) {
    Finding finding;
    finding.id = "dynamic_dimension";
    finding.cause = "dimensions must be numbers";
    finding.nodes = {"node_" + std::to_string(i)};
    finding.fix = {"set-shape x" + std::to_string(i) + " 1"};
    report.findings.push_back(finding);
  }
  const std::string text = render_terminal(report);
  EXPECT_NE(text.find("dynamic-dimension x 300"), std::string::npos) << text;
  EXPECT_NE(text.find("and 294 more"), std::string::npos) << text;
  EXPECT_NE(text.find("… 296 more commands"), std::string::npos) << text;
  EXPECT_EQ(text.find("node_250"), std::string::npos);
  EXPECT_LT(split(text, '\n').size(), 40u);
}

TEST(Terminal, FindingsAloneAreThoseOfTheReport) {
  const Report report = example_report();
  const std::string text = render_findings(report.findings);
  EXPECT_TRUE(text.starts_with("Findings: 60 of 6 kinds\n")) << text;
  EXPECT_NE(render_terminal(report).find("\n" + text), std::string::npos);
  EXPECT_EQ(render_findings({}), "Findings: none\n");
}

TEST(Terminal, UniformSubtreesAreOneLineAndMixedOnesOpen) {
  Report report;
  for (int i = 0; i < 400; ++i) {
    ReportModule module;
    module.path = "backbone.layer" + std::to_string(i / 100) + ".conv" + std::to_string(i % 100);
    module.type = "Conv2d";
    module.status = i == 7 ? ModuleStatus::Failed : ModuleStatus::Converted;
    report.modules.push_back(module);
  }
  const std::string text = render_terminal(report);
  EXPECT_NE(text.find("399/400 converted"), std::string::npos) << text;
  EXPECT_NE(text.find("    layer1"), std::string::npos);
  EXPECT_EQ(text.find("layer1.conv"), std::string::npos);
  EXPECT_NE(text.find("conv7 "), std::string::npos) << text;
  EXPECT_NE(text.find("… 87 more converted"), std::string::npos) << text;
}

TEST(Terminal, HostileTextCannotDriveTheTerminalOrTheWidth) {
  Report report = example_report();
  const std::string hostile = "\x1b[2J\x1b]0;owned\x07 \u202Egnp.exe\u009b31m \xff \n" +
                              std::string(300, 'w') + "画像画像画像";
  report.model.path = report.model.inputs[0].name = report.target.engine = hostile;
  report.modules[0].path = report.modules[1].type = report.modules[2].error = hostile;
  report.findings[0].cause = report.findings[0].nodes[0] = report.findings[0].fix[0] = hostile;
  report.findings[0].id = report.findings[0].target = report.findings[0].evidence = hostile;
  report.accuracy[0].metric = report.accuracy[0].interval_reason = hostile;
  report.accuracy[0].interval.reset();
  report.latency.converted_ms = Measure::none(hostile);
  report.kernels.executed[0].first = report.stages[0].name = hostile;
  report.quantization.tensors[0].name = report.quantization.tensors[0].scheme = hostile;
  report.quantization.tensors[0].sqnr_db = -40;
  const std::string text = render_terminal(report);
  for (const char* bad : {"\x1b", "\x07", "\u202E", "\u009b", "\xff"}) {
    EXPECT_EQ(text.find(bad), std::string::npos) << bad;
  }
  EXPECT_EQ(text, to_valid_utf8(text));
  const size_t body = text.find("\nModel\n");
  expect_narrow(text.substr(body));
}

TEST(Terminal, ColoursOnlyIfAsked) {
  const Report report = example_report();
  EXPECT_EQ(render_terminal(report).find('\x1b'), std::string::npos);
  EXPECT_NE(render_terminal(report, {.colour = true}).find("\x1b[31merror"), std::string::npos);
}

}  // namespace
}  // namespace acuate
