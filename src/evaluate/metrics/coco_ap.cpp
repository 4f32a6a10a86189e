#include <algorithm>

#include "evaluate/average_precision.h"

namespace acuate {
namespace {

// Detections end where the image does.
std::vector<Detection> inside(std::vector<Detection> found, const std::optional<Box>& frame) {
  if (!frame) return found;
  for (Detection& detection : found) {
    Box& box = detection.box;
    box = {std::clamp(box.left, frame->left, frame->right),
           std::clamp(box.top, frame->top, frame->bottom),
           std::clamp(box.right, frame->left, frame->right),
           std::clamp(box.bottom, frame->top, frame->bottom)};
  }
  return found;
}

class CocoAp : public MetricAccumulator {
 public:
  explicit CocoAp(const MetricContext& context) : context_(context) {}

  Result<void> add(const SampleOutputs& sample) override {
    const Truth& truth = *sample.truth;
    converted_.add(truth.boxes, inside(sample.converted_decoded->detections, truth.frame));
    if (sample.baseline_decoded != nullptr)
      baseline_.add(truth.boxes, inside(sample.baseline_decoded->detections, truth.frame));
    return {};
  }

  std::vector<MetricValue> finish() const override {
    DetectionMatches converted = converted_, baseline = baseline_;
    MetricValue value;
    value.name = "coco_ap";
    value.n = static_cast<int64_t>(converted.samples());
    value.details = {{"truth_boxes", static_cast<double>(converted.truths())},
                     {"detections", static_cast<double>(converted.detections())}};
    const auto found = converted.average_precision({});
    if (!found) {
      value.reason = value.n == 0 ? "no samples" : "the labels hold no boxes";
      return {value};
    }
    value.converted = found->all;
    value.details["ap50"] = found->at50;
    value.details["ap75"] = found->at75;
    value.interval = average_precision_interval(converted, context_);
    value.reason = baseline.samples() == 0 ? "there is no float model" : "";
    if (const auto of_baseline = baseline.average_precision({})) {
      value.baseline = of_baseline->all;
      value.baseline_interval = average_precision_interval(baseline, context_);
    }
    return {value};
  }

 private:
  MetricContext context_;
  DetectionMatches converted_, baseline_;
};

}  // namespace

// Average precision against labelled boxes, as pycocotools computes it, of both models.
void register_evaluate_coco_ap(MetricRegistry& registry) {
  registry.add(
      {.id = "coco_ap",
       .summary = "COCO's AP (IoU .5:.95, 101 recalls, 100 detections) against labelled boxes",
       .needs = "detections",
       .labels = "boxes",
       .create = [](const MetricContext& context) { return std::make_unique<CocoAp>(context); }});
}

}  // namespace acuate
