#include "report/display.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(Display, Numbers) {
  EXPECT_EQ(format_fixed(0.50251, 4), "0.5025");
  EXPECT_EQ(format_fixed(-0.0, 2), "0.00");
  EXPECT_EQ(format_fixed(1e-7, 3), "1.00e-07");
  EXPECT_EQ(format_fixed(2.5e12, 1), "2.50e+12");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_count(-123), "-123");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_plural(1, "error"), "1 error");
  EXPECT_EQ(format_plural(0, "error"), "0 errors");
  EXPECT_EQ(format_quantity(2310455296.0), "2.31 G");
  EXPECT_EQ(format_seconds(0.012), "12 ms");
  EXPECT_EQ(format_seconds(14.23), "14.2 s");
  EXPECT_EQ(format_seconds(125.4), "2 min 05 s");
  EXPECT_EQ(format_percent(0.99999), "99.99");
  EXPECT_EQ(format_percent(1.0), "100");
}

TEST(Display, Shapes) {
  EXPECT_EQ(format_shape({}), "unknown rank");
  EXPECT_EQ(format_shape({{}}), "scalar");
  EXPECT_EQ(format_shape({{{1, ""}, {3, ""}}}), "1x3");
  EXPECT_EQ(format_shape({{{{}, "batch"}, {3, ""}, {{}, ""}}}), "batch x 3 x ?");
}

TEST(Display, PrintableKeepsLettersAndDropsControl) {
  EXPECT_EQ(printable("画像 naïve 🙂"), "画像 naïve 🙂");
  EXPECT_EQ(printable("a\x1b[1m\tb\x7f\u0085\u2066"), "a\uFFFD[1m\uFFFDb\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(printable("\xc3"), "\uFFFD");
}

TEST(Display, FindingsAreGroupedMostSevereFirst) {
  const auto finding = [](const char* id, Severity severity, const char* target, const char* node) {
    Finding result;
    result.id = id;
    result.severity = severity;
    result.target = target;
    result.nodes = {node, "shared"};
    return result;
  };
  const std::vector<Finding> findings = {
      finding("b", Severity::Info, "", "n1"), finding("a", Severity::Error, "x", "n2"),
      finding("b", Severity::Info, "", "n3"), finding("a", Severity::Error, "y", "n4")};
  const std::vector<FindingGroup> groups = group_findings(findings);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].first().target, "x");
  EXPECT_EQ(groups[1].first().target, "y");
  EXPECT_EQ(groups[2].findings.size(), 2u);
  EXPECT_EQ(groups[2].nodes, (std::vector<std::string>{"n1", "shared", "n3"}));
}

TEST(Display, Worth) {
  EXPECT_EQ(format_worth({}), "");
  EXPECT_EQ(format_worth({0.12, -1, -3.25}), "coverage +12.0 %, 1 engine fewer, latency -3.25 ms");
}

ReportModule module(const char* path, ModuleStatus status, const Measure& time_us = {}) {
  ReportModule result;
  result.path = path;
  result.type = "Conv2d";
  result.status = status;
  result.time_us = time_us;
  return result;
}

TEST(Display, ModuleTreeSumsUp) {
  const std::vector<ReportModule> modules = {module("net.a.conv", ModuleStatus::Converted, 3.0),
                                             module("net.a.act", ModuleStatus::Host, 4.0),
                                             module("net.b", ModuleStatus::Converted, 5.0)};
  const ModuleTree tree = module_tree(modules);
  ASSERT_EQ(tree.children.size(), 1u);
  const ModuleTree& net = tree.children[0];
  EXPECT_EQ(net.size(), 3);
  EXPECT_EQ(net.time_us, 12.0);
  EXPECT_FALSE(net.is_uniform());
  EXPECT_EQ(net.worst_status(), ModuleStatus::Host);
  EXPECT_TRUE(net.children[1].is_uniform());
}

TEST(Display, ModuleTreeTakesAnyPath) {
  const std::vector<ReportModule> modules = {
      module("", ModuleStatus::Host), module("", ModuleStatus::Host),
      module("/x.y/z", ModuleStatus::Host), module("..", ModuleStatus::Host)};
  const ModuleTree tree = module_tree(modules);
  EXPECT_EQ(tree.size(), 4);
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "a.";
  EXPECT_EQ(module_tree({module(deep.c_str(), ModuleStatus::Host)}).size(), 1);
}

TEST(Display, StatusRowsGatherByClassAndError) {
  std::vector<ReportModule> modules = {module("a", ModuleStatus::Converted, 1.0),
                                       module("b", ModuleStatus::Converted, 2.0),
                                       module("c", ModuleStatus::Failed)};
  modules[2].error = "no kernel";
  modules[2].num_errors = 3;
  const std::vector<StatusRow> rows = status_rows(modules);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].status, ModuleStatus::Failed);
  EXPECT_EQ(rows[0].num_errors, 3);
  EXPECT_FALSE(rows[0].has_time);
  EXPECT_EQ(rows[1].events, 2);
  EXPECT_EQ(rows[1].time_us, 3.0);
}

TEST(Display, KernelProofCountsHeavyKernels) {
  const KernelProof proof = kernel_proof({{{"QLinearConv", 60},
                                           {"QGemm", 1},
                                           {"Conv", 2},
                                           {"QLinearAdd", 5},
                                           {"Relu", 9},
                                           {"QuantizeLinear", 40},
                                           {"jit_avx512_core_amx_conv_i8", 3}},
                                          ""});
  EXPECT_EQ(proof.int8_heavy, 64);
  EXPECT_EQ(proof.float_heavy, 2);
  EXPECT_EQ(proof.int8, 69);
}

TEST(Display, TensorsWithoutSqnrStandLast) {
  std::vector<ReportTensor> tensors(3);
  tensors[0].sqnr_db = Measure::none("infinite: no error");
  tensors[1].sqnr_db = 30;
  tensors[2].sqnr_db = -5;
  const auto order = by_sqnr(tensors);
  EXPECT_EQ(order[0], &tensors[2]);
  EXPECT_EQ(order[2], &tensors[0]);
}

}  // namespace
}  // namespace acuate
