// For tests of commands: models in text form, written to a folder of their own, and what a command
// line prints.
#pragma once

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"

namespace acuate {

inline constexpr const char* kSmallGraph =
    "g (float[1, 4] x) => (float[1, 4] y) <float[4] w = {1.0, 2.0, 3.0, 4.0}>"
    " { h = Mul(x, w)  i = Identity(h)  y = Relu(i) }";

// A folder that goes with the test.
class CommandTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "acuate_cli_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name), std::ios::binary).rdbuf();
    return text.str();
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(path(name)); }
  std::string model(const std::string& name = "m.onnx",
                    const std::string& graph = kSmallGraph) const {
    auto parsed = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
    if (parsed) {
      EXPECT_TRUE(save_model(**parsed, path(name)));
    }
    return path(name);
  }

  // The exit status; `out` and `err` hold what was written.
  int run(const std::vector<std::string>& arguments) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = run_command_line(arguments);
    std::fflush(nullptr);
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return status;
  }
  // The JSON form, which must be all of stdout.
  nlohmann::json run_json(std::vector<std::string> arguments, int expected = kDone) {
    arguments.insert(arguments.end(), {"--json", "-"});
    EXPECT_EQ(run(arguments), expected) << err;
    auto json = nlohmann::json::parse(out, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << out;
    return json;
  }

  std::filesystem::path folder_;
  std::string out, err;
};

}  // namespace acuate
