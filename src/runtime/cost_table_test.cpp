#include "runtime/cost_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "onnx_io/text_form.h"
#include "shape/infer.h"

namespace acuate {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kNet = R"(<ir_version: 8, opset_import: ["" : 17]>
  net (float[1,4,8,8] x) => (float[1,8,8,8] y) <float[4,1,3,3] d = {1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1},
      float[8,4,1,1] p = {1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1}> {
    a = Conv<pads = [1,1,1,1], group = 4>(x, d)  b = Relu(a)  c = Conv(b, p)  e = Add(c, c)  f = Relu(e)  y = Identity(f) })";

TEST(CostTable, ClassesSayWhatANodeCosts) {
  auto model = parse_text_model(kNet);
  ASSERT_TRUE(model) << model.error().message;
  infer_shapes(**model);
  std::vector<std::string> classes;
  for (const Node* node = (*model)->graph().first(); node; node = node->next())
    classes.push_back(cost_class(*node));
  EXPECT_THAT(classes, ElementsAre("Conv/depthwise", "fused", "Conv/1x1", "Add", "Relu", "free"));
  const Node* pointwise = (*model)->graph().first()->next()->next();
  EXPECT_DOUBLE_EQ(node_work(*pointwise).mmac, 8 * 64 * 4 / 1e6);
  EXPECT_DOUBLE_EQ(node_work(*pointwise).mib, (256 + 32 + 512) * 4 / 1048576.0);
  CostTable table;
  table.operators = {{"Conv/1x1", {2, 1000, 0}}, {"*", {3, 0, 1048576}}};
  EXPECT_DOUBLE_EQ(table.node_us(*pointwise), 2 + 1000 * 8 * 64 * 4 / 1e6);
  EXPECT_DOUBLE_EQ(table.node_us(*pointwise->next()), 3 + 512 * 4 * 3);  // reads it twice
  // The last Relu stands behind an Add, which is computed in blocks of channels.
  const Node* relu = pointwise->next()->next();
  table.layout_us_per_mib = 1048576;
  EXPECT_DOUBLE_EQ(table.node_us(*relu), 3 + 512 * 4 * 2 + 512 * 4);
}

TEST(CostTable, AFitFindsWhatMadeTheTimes) {
  std::vector<CostSample> samples;
  for (const auto& [mmac, mib] : {std::pair(1.0, 2.0), {10.0, 1.0}, {100.0, 30.0}, {5.0, 80.0}})
    samples.push_back({{mmac, mib}, 4 + 7 * mmac + 0.5 * mib});
  const OperatorCost cost = fit_cost(samples);
  EXPECT_NEAR(cost.fixed_us, 4, 1e-3);
  EXPECT_NEAR(cost.us_per_mmac, 7, 1e-3);
  EXPECT_NEAR(cost.us_per_mib, 0.5, 1e-3);
  // Never below zero, where noise would have it so.
  const std::vector<CostSample> falling = {{{1, 1}, 10}, {{1, 2}, 5}};
  EXPECT_EQ(fit_cost(falling).us_per_mib, 0);
}

TEST(CostTable, RoundTripsAndNamesWhatIsWrong) {
  CostTable table{"onnxruntime", "1.31.1", "a machine", 2, 12.5, 3, 4, {{"Conv", {1, 2, 3}}}};
  const std::string text = write_cost_table(table);
  const auto again = parse_cost_table(text, "c.json");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(write_cost_table(*again), text);
  const auto error = [&](std::string from, std::string to) {
    std::string broken = text;
    broken.replace(broken.find(from), from.size(), to);
    const auto parsed = parse_cost_table(broken, "c.json");
    return parsed ? "" : parsed.error().message;
  };
  EXPECT_EQ(error("\"call_us\": 12.5", "\"call_us\": -1"),
            "c.json: 'call_us' is missing or not a number of at least 0");
  EXPECT_EQ(error("\"us_per_mib\": 3", "\"us_per_mob\": 3"),
            "c.json: 'us_per_mib' is missing or not a number of at least 0");
  EXPECT_EQ(error("\"schema_version\": 1", "\"schema_version\": 2"),
            "c.json: schema_version is not 1; calibrate again");
  EXPECT_THAT(error("{", "["), HasSubstr("no cost table"));
}

}  // namespace
}  // namespace acuate
