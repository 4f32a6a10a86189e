#include "report/plots/plot_files.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/report_test_support.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

class PlotFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(::testing::TempDir()) /
        (std::string("plots_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(PlotFiles, EachPictureIsAFileWithASafeName) {
  Report report = example_report();
  report.quantization.tensors.resize(4);
  report.quantization.hybrid.reset();
  report.quantization.tensors[1].name = "../../etc/<x>\xff\n" + std::string(300, 'n');
  report.quantization.tensors[2].channels = {{-1, -2}, {1, 2}};
  for (int round = 0; round < 2; ++round) {  // a folder of pictures is replaced
    auto folder = create_plots_folder(folder_);
    ASSERT_TRUE(folder) << folder.error().message;
    const auto written = write_plots(report, std::move(*folder));
    ASSERT_TRUE(written) << written.error().message;
  }
  const auto list = nlohmann::json::parse(*read_text_file(folder_ / "plots.json"), nullptr, false);
  ASSERT_EQ(list.size(), 5u);
  EXPECT_EQ(list[0].at("tensor"), report.quantization.tensors[0].name);
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) files += entry.is_regular_file();
  EXPECT_EQ(files, list.size() + 2);
  const std::string page = *read_text_file(folder_ / "index.html");
  for (const auto& row : list) {
    const std::string file = row.at("file").get<std::string>();
    EXPECT_EQ(file.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789._-"),
              std::string::npos)
        << file;
    EXPECT_TRUE(fs::exists(folder_ / file)) << file;
    EXPECT_NE(page.find("src=\"" + file + "\""), std::string::npos);
  }
}

TEST_F(PlotFiles, WhatIsNoFolderOfPicturesIsLeftAlone) {
  fs::create_directories(folder_);
  ASSERT_TRUE(write_text_file(folder_ / "mine.txt", "x"));
  const auto folder = create_plots_folder(folder_);
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find("plots.json"), std::string::npos);
  EXPECT_TRUE(fs::exists(folder_ / "mine.txt"));
}

TEST_F(PlotFiles, AReportWithoutQuantizationWritesNothing) {
  const auto written = write_plots(Report{}, *create_plots_folder(folder_));
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("not quantized"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_));
}

}  // namespace
}  // namespace acuate
