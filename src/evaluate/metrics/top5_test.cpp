#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_top5(MetricRegistry& registry);

namespace {

// Of six classes the sixth is the only one that is not among five.
TEST(Top5, LooksAtFive) {
  const Tensor falling = row_of({6, 5, 4, 3, 2, 1}), rising = row_of({1, 2, 3, 4, 5, 6});
  const MetricValue value =
      run_metric(register_evaluate_top5, {{falling, rising}, {falling, falling}, {falling, rising}},
                 classifier_context(), class_truths({0, 4, 5}))
          .at(0);
  EXPECT_EQ(value.name, "top5");
  EXPECT_DOUBLE_EQ(*value.baseline, 2.0 / 3);   // classes 0 and 4
  EXPECT_DOUBLE_EQ(*value.converted, 2.0 / 3);  // not class 0
}

}  // namespace
}  // namespace acuate
