#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_coco_ap(MetricRegistry& registry);

namespace {

using ::testing::HasSubstr;

// Reads detections off rows of left, score; ten pixels wide and high, one class.
const Decoder kRows{"rows",
                    "",
                    "detections",
                    {},
                    [](const RawOutputs& raw, const DecoderOptions&) -> Result<Decoded> {
                      Decoded decoded;
                      const auto v = raw.outputs[0].values<float>();
                      for (size_t i = 0; i < v.size(); i += 2)
                        decoded.detections.push_back({{v[i], 0, v[i] + 10, 10}, v[i + 1], 0});
                      return decoded;
                    }};

Tensor rows(std::initializer_list<float> values) {
  return Tensor::of<float>({static_cast<int64_t>(values.size()) / 2, 2}, values);
}

MetricValue run(const std::vector<std::pair<Tensor, Tensor>>& pages,
                const std::vector<Truth>& truths) {
  return run_metric(register_evaluate_coco_ap, pages, {.decoder = &kRows}, truths).at(0);
}

TEST(CocoAp, JudgesBothModelsByLabels) {
  const Truth one{.boxes = {{{0, 0, 10, 10}}}};
  const MetricValue value =
      run({{rows({0, 0.9F}), rows({90, 0.9F, 0, 0.5F})}, {rows({}), rows({})}}, {one, Truth{}});
  EXPECT_DOUBLE_EQ(*value.baseline, 1);
  EXPECT_NEAR(*value.converted, 0.5, 1e-12);
  EXPECT_EQ(value.n, 2);
  EXPECT_EQ(value.details.at("truth_boxes"), 1);
}

// The image ends at 5, where the label does, so what reaches into the padding is cut.
TEST(CocoAp, CutsDetectionsAtTheImage) {
  Truth truth{.boxes = {{{0, 0, 5, 10}}}};
  const std::vector<std::pair<Tensor, Tensor>> page = {{rows({0, 0.9F}), rows({0, 0.9F})}};
  EXPECT_NEAR(*run(page, {truth}).converted, 0.1, 1e-12);  // IoU 0.5
  truth.frame = Box{0, 0, 5, 10};
  EXPECT_DOUBLE_EQ(*run(page, {truth}).converted, 1);
}

TEST(CocoAp, SaysWhyThereIsNone) {
  EXPECT_THAT(run({{rows({}), rows({})}}, {Truth{}}).reason, HasSubstr("the labels hold no boxes"));
}

}  // namespace
}  // namespace acuate
