#include "runtime/calibrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(Calibrate, MeasuresWhatTheEngineRuns) {
  const auto target = resolve_target("onnxruntime");
  ASSERT_TRUE(target);
  const auto table = calibrate_costs(
      *target,
      {.threads = 1, .effort = 0.01, .operators = {"Conv", "Add", "Relu"}, .progress = {}});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->target, "onnxruntime");
  EXPECT_GT(table->call_us, 0);
  for (const char* id : {"Conv", "Conv/1x1", "Conv/depthwise", "Add", "Relu", "*"}) {
    ASSERT_TRUE(table->operators.count(id)) << id;
    const OperatorCost& cost = table->operators.at(id);
    EXPECT_GT(cost.fixed_us + cost.us_per_mmac + cost.us_per_mib, 0) << id;
  }
  EXPECT_EQ(table->operators.count("Softmax"), 0U);
  EXPECT_TRUE(parse_cost_table(write_cost_table(*table), "t"));
}

TEST(Calibrate, ATargetThatDoesNotRunSaysSo) {
  const auto target = resolve_target("vsi_npu");
  ASSERT_TRUE(target);
  const auto table = calibrate_costs(*target);
  ASSERT_FALSE(table);
  EXPECT_THAT(table.error().message, testing::HasSubstr("does not run here"));
}

}  // namespace
}  // namespace acuate
