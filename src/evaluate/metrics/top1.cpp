#include "evaluate/top_k.h"

namespace acuate {

void register_evaluate_top1(MetricRegistry& registry) {
  registry.add({.id = "top1",
                .summary = "share of samples whose labelled class scores highest, of both models",
                .needs = "class_scores",
                .labels = "category",
                .create = [](const MetricContext& context) {
                  return std::make_unique<TopK>(context, "top1", 1);
                }});
}

}  // namespace acuate
