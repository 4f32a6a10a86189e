#include "evaluate/top_k.h"

namespace acuate {
namespace {

// Top-1 with the float model's first class as the label, so that its own share is 1.
class Top1Agreement : public TopK {
 public:
  explicit Top1Agreement(const MetricContext& context) : TopK(context, "top1_agreement", 1) {}

  Result<void> add(const SampleOutputs& sample) override {
    Truth truth;
    truth.category = first_of(sample.baseline_decoded->class_scores);
    SampleOutputs judged = sample;
    judged.truth = &truth;
    return TopK::add(judged);
  }
};

}  // namespace

void register_evaluate_top1_agreement(MetricRegistry& registry) {
  registry.add({.id = "top1_agreement",
                .summary = "share of samples where both models' highest class is the same",
                .needs = "class_scores",
                .create = [](const MetricContext& context) {
                  return std::make_unique<Top1Agreement>(context);
                }});
}

}  // namespace acuate
