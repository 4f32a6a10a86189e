#include "cli/test_support.h"
#include "shape/rule.h"

namespace acuate {
namespace {

using ShapeReportTest = CommandTest;

TEST_F(ShapeReportTest, ListsEveryOperatorAndAddsThemUp) {
  const auto json = run_json({"shape-report"});
  const auto all = rule_coverage();
  ASSERT_EQ(json["operators"].size(), all.size());
  size_t own = 0, sum = 0;
  for (const auto& entry : json["operators"]) {
    own += entry["rule"] == "own rule" && entry["domain"] == "ai.onnx" ? 1 : 0;
    if (entry["domain"] == "ai.onnx" && entry["operator"] == "ReduceProd") {
      EXPECT_EQ(entry["family"], "reduction");
      EXPECT_EQ(entry["data"], true);
    }
  }
  EXPECT_EQ(json["totals"]["ai.onnx"]["own_rule"], own);
  for (const auto& total : json["totals"])
    sum += total["own_rule"].get<size_t>() + total["library"].get<size_t>() +
           total["unknown"].get<size_t>();
  EXPECT_EQ(sum, all.size());
  EXPECT_EQ(run({"shape-report"}), 0);
  EXPECT_THAT(out, testing::ContainsRegex("ai.onnx +Conv +own rule +no +conv"));
}

TEST_F(ShapeReportTest, TakesNoArguments) { EXPECT_EQ(run({"shape-report", "all"}), 2); }

}  // namespace
}  // namespace acuate
