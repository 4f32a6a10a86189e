#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shape/rule.h"

namespace acuate {
namespace {

using By = RuleCoverage::By;

const RuleCoverage* find(const std::vector<RuleCoverage>& all, std::string_view domain,
                         std::string_view op_type) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const RuleCoverage& coverage) {
    return coverage.domain == domain && coverage.op_type == op_type;
  });
  return found == all.end() ? nullptr : &*found;
}

TEST(RuleCoverage, TellsWhoInfersWhat) {
  const auto all = rule_coverage();
  ASSERT_NE(find(all, "", "Conv"), nullptr);
  EXPECT_EQ(find(all, "", "Conv")->by, By::OwnRule);
  EXPECT_EQ(find(all, "", "Conv")->family, "conv");
  EXPECT_FALSE(find(all, "", "Conv")->has_data);
  EXPECT_TRUE(find(all, "", "ReduceProd")->has_data);
  ASSERT_NE(find(all, "com.microsoft", "QLinearAdd"), nullptr);
  ASSERT_NE(find(all, "ai.onnx.preview.training", "Adam"), nullptr);
  EXPECT_EQ(find(all, "ai.onnx.preview.training", "Adam")->by, By::Library);
  EXPECT_EQ(find(all, "ai.onnx.preview.training", "Adam")->family, "");
}

// Every operator of the standard domain has a rule of ours but for these.
TEST(RuleCoverage, OfTheStandardDomain) {
  std::vector<std::string> without;
  for (const RuleCoverage& coverage : rule_coverage())
    if (coverage.domain.empty() && coverage.by != By::OwnRule) without.push_back(coverage.op_type);
  EXPECT_THAT(without, testing::ElementsAre("SequenceMap"));
}

TEST(RuleCoverage, NoOperatorOfTheLibraryIsLeftUnknown) {
  for (const RuleCoverage& coverage : rule_coverage())
    EXPECT_NE(coverage.by, By::Nothing) << coverage.domain << " " << coverage.op_type;
}

}  // namespace
}  // namespace acuate
