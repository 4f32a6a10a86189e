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

// What a method would give is what it gives where it is chosen.
TEST_F(ReportCommandTest, RangesOfAllMethodsAreThoseThatTheyChoose) {
  const std::string net = network(), data = samples("d.npy", 8);
  const auto tensor = [&](const std::string& range) {
    const std::string folder = path("out-" + range);
    EXPECT_EQ(run({"convert", net, "-o", folder, "--precision", "int8", "--data", data, "--recover",
                   "none", "--runs", "0", "--range", range}),
              0)
        << err;
    const auto report = nlohmann::json::parse(read("out-" + range + "/report.json"));
    for (const auto& row : report["quantization"]["tensors"])
      if (row["name"] == "x") return row;
    return nlohmann::json();
  };
  const nlohmann::json all = tensor("mse")["methods"];
  ASSERT_GE(all.size(), 5U);
  for (const std::string range : {"minmax", "entropy", "percentile"}) {
    const nlohmann::json chosen = tensor(range);
    size_t found = 0;
    for (const auto& row : all) {
      if (row["method"] != range) continue;
      ++found;
      EXPECT_NEAR(row["sqnr_db"].get<double>(), chosen["sqnr_db"].get<double>(), 1e-3) << range;
      EXPECT_NEAR(row["max"].get<double>(), chosen["range_max"].get<double>(), 1e-3) << range;
    }
    EXPECT_EQ(found, 1U) << range;
  }
}

TEST_F(ReportCommandTest, PicturesComeFromTheReportAlone) {
  ASSERT_EQ(run({"convert", network(), "-o", path("out"), "--precision", "int8", "--data",
                 samples("d.npy", 8), "--runs", "0", "--plots", path("first")}),
            0)
      << err;
  ASSERT_EQ(run({"report", path("out"), "--plots", path("again")}), 0) << err;
  const auto list = nlohmann::json::parse(read("first/plots.json"));
  ASSERT_FALSE(list.empty());
  EXPECT_EQ(read("again/plots.json"), read("first/plots.json"));
  for (const auto& row : list) {
    const std::string file = row["file"].get<std::string>();
    EXPECT_EQ(read("again/" + file), read("first/" + file)) << file;
  }
  ASSERT_EQ(run({"convert", network(), "-o", path("float"), "--runs", "0"}), 0) << err;
  EXPECT_EQ(run({"report", path("float"), "--plots", path("none")}), 2);
  EXPECT_NE(err.find("not quantized"), std::string::npos) << err;
  EXPECT_FALSE(exists("none"));
}

TEST_F(ReportCommandTest, WhatIsNoArtifactIsAMistake) {
  EXPECT_EQ(run({"report", path("nowhere")}), 2);
  EXPECT_NE(err.find("nowhere"), std::string::npos);
  EXPECT_EQ(run({"report", write("report.json", "{}")}), 2);
  EXPECT_NE(err.find("report.json"), std::string::npos);
}

}  // namespace
}  // namespace acuate
