#include "convert/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

ReportModule row(std::string path, int64_t nodes, ModuleStatus status = ModuleStatus::Converted) {
  ReportModule module;
  module.path = std::move(path);
  module.nodes = nodes;
  module.status = status;
  module.engine = status == ModuleStatus::Converted ? "modules/model.onnx" : "modules/00_host.onnx";
  module.macs = Measure(10);
  module.time_us = Measure(2);
  return module;
}

const ReportModule& at(const Report& report, std::string_view path) {
  for (const ReportModule& module : report.modules)
    if (module.path == path) return module;
  ADD_FAILURE() << path;
  static const ReportModule kNone;
  return kNone;
}

TEST(Signature, ModulesWithoutNodesGoWithTheirHolders) {
  Report report;
  report.modules = {row("(model)", 1, ModuleStatus::Host), row("a.conv", 3), row("b.conv", 2)};
  tell_known_modules(report, {{"", "Net", 1},
                              {"a", "ModuleList", 0},
                              {"a.conv", "Conv2d", 1},
                              {"a.conv.drop", "Dropout", 1},
                              {"b", "Block", 2},
                              {"b.conv", "Conv2d", 2},
                              {"unused", "Linear", 0}});
  ASSERT_EQ(report.modules.size(), 7U);
  EXPECT_EQ(at(report, "a").status, ModuleStatus::Converted);
  EXPECT_EQ(at(report, "a.conv.drop").engine, "modules/model.onnx");
  EXPECT_EQ(at(report, "a.conv.drop").type, "Dropout");
  EXPECT_EQ(at(report, "unused").status, ModuleStatus::Host);
  EXPECT_EQ(at(report, "b").calls, 2);
  EXPECT_EQ(report.coverage.modules_total, 7);
  EXPECT_EQ(report.coverage.modules_converted, 5);
}

TEST(Signature, RowsThatTheProgramDoesNotHaveGoIntoTheirHolder) {
  Report report;
  report.modules = {row("a", 3), row("a.split", 2, ModuleStatus::Host), row("loose", 1)};
  tell_known_modules(report, {{"", "Net", 1}, {"a", "Block", 1}});
  ASSERT_EQ(report.modules.size(), 2U);
  EXPECT_EQ(at(report, "a").nodes, 5);
  EXPECT_EQ(at(report, "a").macs.value_or(0), 20);
  EXPECT_EQ(at(report, "a").status, ModuleStatus::Host);  // not all of it is on the target
  EXPECT_EQ(at(report, "(model)").nodes, 1);
  EXPECT_EQ(report.coverage.modules_converted, 1);
}

TEST(Signature, AHolderIsConvertedWhereAllThatItHoldsIs) {
  Report report;
  report.modules = {row("a.x", 1), row("a.y", 1, ModuleStatus::Host)};
  tell_known_modules(report, {{"", "Net", 1}, {"a", "Block", 1}, {"a.x", "X", 1}, {"a.y", "Y", 1}});
  EXPECT_EQ(at(report, "a").status, ModuleStatus::Host);
  EXPECT_EQ(at(report, "a").engine, "");
  EXPECT_EQ(at(report, "(model)").status, ModuleStatus::Host);
  EXPECT_EQ(report.coverage.modules_converted, 1);
}

TEST(Signature, WithoutModulesTheReportStays) {
  Report report;
  report.modules = {row("a", 1)};
  tell_known_modules(report, {});
  EXPECT_EQ(report.modules.size(), 1U);
}

TEST(Signature, WhatIsNoSignatureIsRefusedByName) {
  const fs::path file = fs::path(testing::TempDir()) / "signature.json";
  const auto refusal = [&](const char* text) {
    EXPECT_TRUE(write_text_file(file, text));
    const auto read = read_signature(file);
    EXPECT_FALSE(read) << text;
    return read ? std::string() : read.error().message;
  };
  EXPECT_THAT(refusal("[1"), testing::HasSubstr("expected a JSON object"));
  EXPECT_THAT(refusal(R"({"modules": 3})"), testing::HasSubstr("'modules' is no list"));
  EXPECT_THAT(refusal(R"({"modules": [{"path": "", "class": "N", "calls": -1}]})"),
              testing::HasSubstr("modules[0]: expected"));
  EXPECT_THAT(refusal(R"({"modules": [{"path": "a", "class": "N", "calls": 1}]})"),
              testing::HasSubstr("must begin with the whole model"));
  EXPECT_THAT(refusal(R"({"sample_shapes": {"x": [1, -1]}})"),
              testing::HasSubstr("sample_shapes['x'] is no shape"));
  ASSERT_TRUE(write_text_file(file, R"({"sample_shapes": {"x": [1, 3, 8]}})"));
  EXPECT_EQ(read_signature(file)->sample_shapes.at("x"), (Shape{1, 3, 8}));
  ASSERT_TRUE(write_text_file(file, R"({"anything": 1})"));
  EXPECT_TRUE(read_signature(file)->modules.empty());
}

}  // namespace
}  // namespace acuate
