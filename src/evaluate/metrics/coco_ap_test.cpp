#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_coco_ap(MetricRegistry& registry);

namespace {

using ::testing::HasSubstr;

MetricValue run(const std::vector<std::pair<Tensor, Tensor>>& pages,
                const std::vector<Truth>& truths) {
  return run_metric(register_evaluate_coco_ap, pages, detection_context(), truths).at(0);
}

TEST(CocoAp, JudgesBothModelsByLabels) {
  const Truth one{.boxes = {{{0, 0, 10, 10}}}};
  const MetricValue value = run(
      {{row_of({0, 0.9F}), row_of({90, 0.9F, 0, 0.5F})}, {row_of({}), row_of({})}}, {one, Truth{}});
  EXPECT_DOUBLE_EQ(*value.baseline, 1);
  EXPECT_NEAR(*value.converted, 0.5, 1e-12);
  EXPECT_EQ(value.n, 2);
  EXPECT_EQ(value.details.at("truth_boxes"), 1);
}

// The image ends at 5, where the label does, so what reaches into the padding is cut.
TEST(CocoAp, CutsDetectionsAtTheImage) {
  Truth truth{.boxes = {{{0, 0, 5, 10}}}};
  const std::vector<std::pair<Tensor, Tensor>> page = {{row_of({0, 0.9F}), row_of({0, 0.9F})}};
  EXPECT_NEAR(*run(page, {truth}).converted, 0.1, 1e-12);  // IoU 0.5
  truth.frame = Box{0, 0, 5, 10};
  EXPECT_DOUBLE_EQ(*run(page, {truth}).converted, 1);
}

TEST(CocoAp, SaysWhyThereIsNone) {
  EXPECT_THAT(run({{row_of({}), row_of({})}}, {Truth{}}).reason,
              HasSubstr("the labels hold no boxes"));
}

}  // namespace
}  // namespace acuate
