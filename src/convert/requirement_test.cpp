#include "convert/requirement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace acuate {
namespace {

MetricValue value(std::string name, std::optional<double> baseline, std::optional<double> converted,
                  std::string reason = "") {
  MetricValue out;
  out.name = std::move(name);
  out.baseline = baseline;
  out.converted = converted;
  out.reason = std::move(reason);
  return out;
}

TEST(Requirement, ReadsTheThreeForms) {
  EXPECT_EQ(parse_requirement("top1=0.5%")->kind, Requirement::Kind::RelativeDrop);
  EXPECT_DOUBLE_EQ(parse_requirement("top1=0.5%")->limit, 0.005);
  EXPECT_EQ(parse_requirement("text-box-f1=0.05")->metric, "text_box_f1");
  EXPECT_EQ(parse_requirement("sqnr=20dB")->kind, Requirement::Kind::Floor);
  for (const char* bad : {"top1", "=3", "top1=abc", "top1=-1", "top1=1 dB"})
    EXPECT_FALSE(parse_requirement(bad)) << bad;
}

TEST(Requirement, JudgesDropsAndFloors) {
  const auto judge = [](const char* text, const MetricValue& v) {
    return unmet({*parse_requirement(text)}, {v}).size();
  };
  EXPECT_EQ(judge("f1=0.05", value("f1", 1.0, 0.95)), 0U);
  EXPECT_EQ(judge("f1=0.05", value("f1", 1.0, 0.949)), 1U);
  EXPECT_EQ(judge("f1=5%", value("f1", 0.8, 0.761)), 0U);
  EXPECT_EQ(judge("f1=5%", value("f1", 0.8, 0.759)), 1U);
  EXPECT_EQ(judge("sqnr=20dB", value("sqnr_db", {}, 21)), 0U);
  EXPECT_EQ(judge("sqnr=20dB", value("sqnr_db", {}, 19)), 1U);
  EXPECT_EQ(judge("sqnr=20dB", value("sqnr_db", {}, {}, "the float model gives only zeros")), 1U);
  EXPECT_EQ(judge("f1=0.05", value("f1", 1.0, {}, "no boxes")), 1U);
}

// The metric itself says so, whatever words it has for it.
TEST(Requirement, AModelWithoutAnyErrorMeetsEveryFloor) {
  MetricRegistry metrics;
  register_all_metrics(metrics);
  const Tensor zeros = Tensor::of<float>({1, 2}, {0, 0}), ones = Tensor::of<float>({1, 2}, {1, 1});
  for (const char* id : {"sqnr", "sqnr_grouped"}) {
    const auto judge = [&](const Tensor& baseline, const Tensor& converted) {
      const auto metric = metrics.find(id, "metric");
      const auto accumulator = (*metric)->create({.output_names = {"y"}});
      EXPECT_TRUE(accumulator->add({"s", {&baseline, 1}, {&converted, 1}}));
      return unmet({*parse_requirement(std::string(id) + "=200dB")}, accumulator->finish()).size();
    };
    EXPECT_EQ(judge(ones, ones), 0U) << id;
    EXPECT_EQ(judge(ones, zeros), 1U) << id;
    EXPECT_EQ(judge(zeros, ones), 1U) << id;
  }
}

TEST(Requirement, AnUnmeasuredMetricIsNotMet) {
  EXPECT_THAT(unmet({*parse_requirement("f1=0.05")}, {value("sqnr_db", {}, 30)})[0],
              testing::HasSubstr("not measured"));
}

}  // namespace
}  // namespace acuate
