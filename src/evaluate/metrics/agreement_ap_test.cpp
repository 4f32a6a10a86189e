#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_agreement_ap(MetricRegistry& registry);

namespace {

using ::testing::HasSubstr;

MetricValue run(const std::vector<std::pair<Tensor, Tensor>>& pages) {
  return run_metric(register_evaluate_agreement_ap, pages, detection_context()).at(0);
}

TEST(AgreementAp, TakesTheFloatModelsSureDetectionsForTruth) {
  const Tensor two = row_of({0, 0.9F, 50, 0.2F});
  const MetricValue same = run({{two, two}});
  EXPECT_DOUBLE_EQ(*same.converted, 1);
  EXPECT_EQ(same.baseline, 1);
  EXPECT_EQ(same.details.at("truth_boxes"), 1);
  EXPECT_EQ(same.details.at("detections"), 2);
  // The unsure one has become sure: false, and first.
  EXPECT_NEAR(*run({{two, row_of({0, 0.5F, 50, 0.7F})}}).converted, 0.5, 1e-12);
  EXPECT_EQ(run({{two, row_of({})}}).converted, 0);
}

TEST(AgreementAp, SaysWhyThereIsNone) {
  EXPECT_THAT(run({{row_of({0, 0.2F}), row_of({0, 0.9F})}}).reason, HasSubstr("finds nothing"));
  EXPECT_THAT(run({}).reason, HasSubstr("no samples"));
}

}  // namespace
}  // namespace acuate
