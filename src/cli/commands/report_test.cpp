#include "cli/samples_test_support.h"

namespace acuate {
namespace {

class ReportCommandTest : public SamplesTest {};

TEST_F(ReportCommandTest, RendersWhatConvertWrote) {
  ASSERT_EQ(run({"convert", network(), "-o", path("out"), "--runs", "1"}), 0) << err;
  const std::string shown = out.substr(0, out.find("\nWritten to"));
  ASSERT_EQ(run({"report", path("out"), "--html", path("r.html")}), 0) << err;
  EXPECT_EQ(out, shown);
  EXPECT_EQ(read("r.html"), read("out/report.html"));
  EXPECT_EQ(run_json({"report", path("out/report.json")}),
            nlohmann::json::parse(read("out/report.json")));
}

TEST_F(ReportCommandTest, WhatIsNoArtifactIsAMistake) {
  EXPECT_EQ(run({"report", path("nowhere")}), 2);
  EXPECT_NE(err.find("nowhere"), std::string::npos);
  EXPECT_EQ(run({"report", write("report.json", "{}")}), 2);
  EXPECT_NE(err.find("report.json"), std::string::npos);
}

}  // namespace
}  // namespace acuate
