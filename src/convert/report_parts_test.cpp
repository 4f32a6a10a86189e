#include "convert/report_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "onnx_io/text_form.h"
#include "rewrite/pass.h"

namespace acuate {
namespace {

const ReportModule& row(const Report& report, const std::string& path) {
  for (const ReportModule& module : report.modules)
    if (module.path == path) return module;
  ADD_FAILURE() << "no module " << path;
  static const ReportModule kNone;
  return kNone;
}

// Conv and Mul become one node; names of the converted model tell nothing.
TEST(ReportParts, MergedNodesAreToldInTheUsersModules) {
  auto parsed = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1, 1, 4, 4] x) => (float[1, 1, 4, 4] y)
    <float[1, 1, 1, 1] w = {2.0}, float[1, 1, 1, 1] s = {3.0}>
    { ["/stem/conv/Conv"] h = Conv(x, w)  ["/stem/scale/Mul"] m = Mul(h, s)
      ["/head/act/Relu"] y = Relu(m) })");
  ASSERT_TRUE(parsed) << parsed.error().message;
  const Model& original = **parsed;
  const auto converted = original.clone();
  ASSERT_TRUE(simplify(*converted, {}));
  ASSERT_EQ(converted->graph().node_count(), 2U);
  Node& merged = *converted->graph().first();
  merged.set_name("first");
  const auto modules = ModelModuleTree::carried_over(*converted, original);
  Division division;
  division.is_whole = true;
  Profile profile;
  profile.runs = 2;
  profile.kernels = {{"first", {}, "Conv", "", 20, 2}, {"/head/act/Relu", {}, "Relu", "", 6, 2}};
  Report report;
  report_modules(report, *converted, modules, division, {}, profile);
  ASSERT_EQ(report.modules.size(), 3U);
  EXPECT_EQ(row(report, "stem.conv").nodes, 1);
  EXPECT_EQ(row(report, "stem.scale").nodes, 1);
  EXPECT_DOUBLE_EQ(*row(report, "stem.conv").time_us, 5);
  EXPECT_DOUBLE_EQ(*row(report, "stem.scale").time_us, 5);
  EXPECT_DOUBLE_EQ(*row(report, "head.act").time_us, 3);
  EXPECT_EQ(row(report, "stem.conv").parameters, 1);
  EXPECT_EQ(row(report, "stem.scale").parameters, 0);
  EXPECT_DOUBLE_EQ(*row(report, "stem.conv").macs, 16);
}

TEST(ReportParts, AModuleHasTheNoiseOfItsLastActivation) {
  Report report;
  const auto add = [&](const char* name, const char* module, double sqnr_db, const char* kind) {
    ReportTensor tensor;
    tensor.name = name;
    tensor.module = module;
    tensor.kind = kind;
    tensor.network_sqnr_db = Measure(sqnr_db);
    report.quantization.tensors.push_back(tensor);
  };
  add("a", "body.0", 30, "activation");
  add("w", "body.1", 50, "weight");
  add("b", "body.1", 25, "activation");
  add("y", "", 20, "activation");
  for (const char* path : {"(model)", "body", "body.0", "drop"}) {
    ReportModule row;
    row.path = path;
    report.modules.push_back(row);
  }
  report_module_noise(report);
  EXPECT_EQ(report.modules[0].sqnr_db.value_or(0), 20);
  EXPECT_EQ(report.modules[1].sqnr_db.value_or(0), 25);
  EXPECT_EQ(report.modules[2].sqnr_db.value_or(0), 30);
  EXPECT_FALSE(report.modules[3].sqnr_db);
}

}  // namespace
}  // namespace acuate
