#include "evaluate/top_k.h"

namespace acuate {

void register_evaluate_top5(MetricRegistry& registry) {
  registry.add(
      {.id = "top5",
       .summary = "share of samples whose labelled class is among the five highest, of both models",
       .needs = "class_scores",
       .labels = "category",
       .create = [](const MetricContext& context) {
         return std::make_unique<TopK>(context, "top5", 5);
       }});
}

}  // namespace acuate
