#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "report/writer.h"

namespace acuate {
namespace {

const std::string kExample = ACUATE_SOURCE_DIR "/src/report/testdata/example_report.json";

TEST(Json, ExampleRoundTripsByteForByte) {
  const std::string text = *read_text_file(kExample);
  const Result<Report> report = parse_report(text);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->findings.size(), 60u);
  EXPECT_EQ(report->quantization.tensors.size(), 300u);
  EXPECT_EQ(report->accuracy.front().metric, "f1");
  EXPECT_EQ(report->model.inputs.front().shape_before->front().symbol, "p2o.DynamicDimension.0");
  EXPECT_EQ(render_json(*report), text);
}

TEST(Json, EmptyReportRoundTrips) {
  const std::string text = render_json(Report{});
  const Result<Report> again = parse_report(text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->kernels.unproven, "not measured");
  EXPECT_EQ(render_json(*again), text);
}

TEST(Json, WhatHasNoNumberIsNullWithItsReason) {
  Report report;
  ReportModule module;
  module.sqnr_db = std::numeric_limits<double>::infinity();
  module.cosine = std::nan("");
  module.time_us = Measure::none("the engine gives no profile");
  module.macs = 12e9;
  report.modules = {module};
  const std::string text = render_json(report);
  EXPECT_NE(text.find(R"("sqnr_db":null)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("macs":12000000000)"), std::string::npos) << text;
  const Result<Report> again = parse_report(text);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->modules[0].sqnr_db.reason(), "infinite");
  EXPECT_EQ(again->modules[0].cosine.reason(), "undefined");
  EXPECT_EQ(again->modules[0].time_us.reason(), "the engine gives no profile");
  EXPECT_EQ(again->modules[0].macs, Measure(12e9));
}

TEST(Json, WhatPaddingCostRoundTrips) {
  Report report;
  report.padding = {{{"height", 800}, {"width", 1333}},
                    {{"image", "0.0"}, {"mask", "True"}},
                    {{"boxes", "scaled"}},
                    12.5,
                    Measure::none("infinite: no error"),
                    {{"ap", 0.5}}};
  const std::string text = render_json(report);
  EXPECT_NE(text.find(R"("sizes": {"height":800,"width":1333})"), std::string::npos) << text;
  const Result<Report> again = parse_report(text);
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_TRUE(again->padding);
  EXPECT_EQ(again->padding->fills, report.padding->fills);
  EXPECT_EQ(again->padding->sqnr_db.reason(), "infinite: no error");
  EXPECT_EQ(render_json(*again), text);
  EXPECT_FALSE(parse_report(render_json(Report{}))->padding);
}

TEST(Json, WhatAHybridWasJudgedByRoundTrips) {
  Report report;
  report.quantization.tensors.resize(1);
  report.quantization.hybrid.emplace();
  report.quantization.hybrid->curve = {{0, 0, 1, 20.0, 19.0},
                                       {2, 0.2, 0.9, 30.0, 29.5, {{"top1", 0.985}, {"ap", 0.5}}}};
  const std::string text = render_json(report);
  EXPECT_NE(text.find(R"("metrics":{"top1":0.985,"ap":0.5})"), std::string::npos) << text;
  const Result<Report> again = parse_report(text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->quantization.hybrid->curve[0].metrics.empty());
  EXPECT_EQ(render_json(*again), text);
  EXPECT_NE(render_html(*again).find("top1 0.985, ap 0.5"), std::string::npos);
}

TEST(Json, HostileNamesStayOneStringOfValidText) {
  Report report;
  Finding finding;
  finding.id = "duplicate_name";
  finding.nodes = {"a\"b\\c\n</script>", "\xff\xfe broken"};
  finding.module = "a";
  finding.modules = {"a", "b"};
  report.findings = {finding};
  const Result<Report> again = parse_report(render_json(report));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->findings[0].modules, finding.modules);
  EXPECT_EQ(again->findings[0].nodes[0], finding.nodes[0]);
  EXPECT_EQ(again->findings[0].nodes[1], "\uFFFD\uFFFD broken");
}

TEST(Json, ParseRefusesWithTheMember) {
  const std::string good = render_json(Report{});
  const auto message_of = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) text.replace(at, from.size(), to);
    const Result<Report> report = parse_report(text);
    return report ? std::string("accepted") : report.error().message;
  };
  EXPECT_EQ(message_of(R"("engines": 0)", R"("engines": 7)"), "accepted");
  EXPECT_EQ(message_of(R"("engines": 0)", R"("engines": "two")"),
            R"(the report's member 'coverage.engines': expected an integer, found "two")");
  EXPECT_EQ(message_of(R"("path": "",)", ""), "the report's member 'model.path': is missing");
  EXPECT_NE(message_of(R"("schema_version": 1)", R"("schema_version": 2)").find("schema_version 2"),
            std::string::npos);
  EXPECT_EQ(message_of("\"stages\": []", R"("stages": [{"name": "a", "seconds": null}])"),
            "the report's member 'stages[0].seconds': expected a number, found null");
  EXPECT_NE(message_of("}\n", "").find("not JSON"), std::string::npos);
}

TEST(Json, ParseRefusesWhatIsNoReport) {
  for (const char* text : {"", "[]", "null", "{}", "{\"schema_version\": \"1\"}"}) {
    EXPECT_FALSE(parse_report(text)) << text;
  }
  // Deep nesting must not exhaust the stack.
  EXPECT_FALSE(parse_report(std::string(200000, '[')));
}

TEST(Json, FindingsAloneAreTheMemberOfTheReport) {
  Report report;
  report.findings.resize(1);
  report.findings[0].id = "cycle";
  report.findings[0].nodes = {"a"};
  EXPECT_EQ(findings_json(report.findings),
            nlohmann::ordered_json::parse(render_json(report)).at("findings"));
  EXPECT_EQ(findings_json({}), nlohmann::ordered_json::array());
}

TEST(Json, UnknownMembersAreSkipped) {
  std::string text = render_json(Report{});
  text.insert(1, "\"later\": {\"x\": [1]},");
  EXPECT_TRUE(parse_report(text));
}

}  // namespace
}  // namespace acuate
