#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_top1_agreement(MetricRegistry& registry);

namespace {

TEST(Top1Agreement, ComparesTheFirstClass) {
  const MetricValue value =
      run_metric(register_evaluate_top1_agreement,
                 {{row_of({1, 2}), row_of({0, 9})}, {row_of({2, 1}), row_of({1, 2})}},
                 classifier_context())
          .at(0);
  EXPECT_EQ(value.name, "top1_agreement");
  EXPECT_EQ(value.baseline, 1);
  EXPECT_EQ(value.converted, 0.5);
}

}  // namespace
}  // namespace acuate
