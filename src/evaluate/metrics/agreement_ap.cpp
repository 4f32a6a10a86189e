#include <algorithm>

#include "evaluate/average_precision.h"

namespace acuate {
namespace {

constexpr float kLeastScore = 0.3F;  // of the float model's detections that are taken for truth

class AgreementAp : public MetricAccumulator {
 public:
  explicit AgreementAp(const MetricContext& context) : context_(context) {}

  Result<void> add(const SampleOutputs& sample) override {
    std::vector<TruthBox> truth;
    for (const Detection& detection : sample.baseline_decoded->detections)
      if (detection.score >= kLeastScore) truth.push_back({detection.box, detection.category});
    matches_.add(truth, sample.converted_decoded->detections);
    return {};
  }

  std::vector<MetricValue> finish() const override {
    DetectionMatches matches = matches_;
    MetricValue value;
    value.name = "agreement_ap";
    value.n = static_cast<int64_t>(matches.samples());
    value.details = {{"truth_boxes", static_cast<double>(matches.truths())},
                     {"detections", static_cast<double>(matches.detections())}};
    const auto found = matches.average_precision({});
    if (!found) {
      value.reason =
          value.n == 0 ? "no samples" : "the float model finds nothing with a score of 0.3 or more";
      return {value};
    }
    value.baseline = 1;  // the float model against its own boxes
    value.converted = found->all;
    value.details["ap50"] = found->at50;
    value.details["ap75"] = found->at75;
    value.interval = average_precision_interval(matches, context_);
    return {value};
  }

 private:
  MetricContext context_;
  DetectionMatches matches_;
};

}  // namespace

// Average precision with the float model's own detections of score >= 0.3, after non-maximum
// suppression, as truth: for data without labels.
void register_evaluate_agreement_ap(MetricRegistry& registry) {
  registry.add({.id = "agreement_ap",
                .summary = "COCO's AP against the float model's own detections of score >= 0.3",
                .needs = "detections",
                .create = [](const MetricContext& context) {
                  return std::make_unique<AgreementAp>(context);
                }});
}

}  // namespace acuate
