#include <cmath>

#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_top1(MetricRegistry& registry);

namespace {

using ::testing::HasSubstr;

// The float model is right twice, the converted one once.
TEST(Top1, CountsBothModels) {
  const MetricValue value = run_metric(register_evaluate_top1,
                                       {{row_of({3, 1, 2}), row_of({3, 1, 2})},
                                        {row_of({1, 5, 2}), row_of({6, 5, 2})},
                                        {row_of({1, 2, 0}), row_of({1, 2, 0})},
                                        {row_of({1, 2, 0}), row_of({1, 2, 0})}},
                                       classifier_context(), class_truths({0, 1, 2, 0}))
                                .at(0);
  EXPECT_EQ(value.name, "top1");
  EXPECT_EQ(value.n, 4);
  EXPECT_EQ(value.baseline, 0.5);
  EXPECT_EQ(value.converted, 0.25);
  ASSERT_TRUE(value.interval && value.baseline_interval);
  EXPECT_EQ((*value.interval)[0], 0);
  EXPECT_EQ((*value.baseline_interval)[1], 1);
}

// As numpy.argmax: the first of equal scores; NaN is no maximum.
TEST(Top1, BreaksTiesByNumber) {
  EXPECT_EQ(run_metric(register_evaluate_top1, {{row_of({2, 2}), row_of({2, 2})}},
                       classifier_context(), class_truths({1}))
                .at(0)
                .converted,
            0);
  EXPECT_EQ(run_metric(register_evaluate_top1, {{row_of({2, 2}), row_of({NAN, -9})}},
                       classifier_context(), class_truths({1}))
                .at(0)
                .converted,
            1);
}

TEST(Top1, RefusesALabelBeyondTheClasses) {
  MetricRegistry registry;
  register_evaluate_top1(registry);
  Evaluation evaluation{{&registry.all().at(0)}, classifier_context()};
  const Tensor output = row_of({1, 2});
  Candidate candidate(evaluation);
  EXPECT_THAT(
      candidate
          .add(*make_reference(evaluation, "a.png", {}, {}, Truth{.category = 2}), {&output, 1})
          .error()
          .message,
      HasSubstr("a.png: the label is class 2, the network has classes 0 to 1"));
}

}  // namespace
}  // namespace acuate
