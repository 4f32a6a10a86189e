// Losses and gradients of training models.
#include <fmt/format.h>

#include "shape/operands.h"

namespace acuate {
namespace {

// Scores [N, C, d…] against labels [N, d…]: one number, or one per label.
bool infer_loss(RuleContext& context) {
  const Dims *scores = context.shape(0), *labels = context.shape(1);
  if (!check_rank(context, 0, 2, SIZE_MAX) || !check_rank(context, 1, 1, SIZE_MAX)) return false;
  if (scores && labels) {
    if (scores->size() != labels->size() + 1)
      return context.refuse(fmt::format("its scores have rank {}, its labels {}, expected {}",
                                        scores->size(), labels->size(), scores->size() - 1));
    for (size_t i = 0; i < labels->size(); ++i)
      if (!check_same(context, (*labels)[i], (*scores)[i == 0 ? 0 : i + 1],
                      fmt::format("dimension {} of the labels against the scores", i)))
        return false;
  }
  const std::string reduction = context.string_attribute("reduction", "mean");
  if (reduction != "none") {
    context.set(0, context.element(0), Dims{});
  } else if (labels || scores) {
    Dims out = labels ? *labels : *scores;
    if (!labels) out.erase(out.begin() + 1);
    context.set(0, context.element(0), std::move(out));
  } else {
    context.set(0, context.element(0), std::nullopt);
  }
  set_like(context, 1, 0, context.element(0));  // where the logarithms are asked for
  return true;
}

// The first inputs are what is derived by: one result for each.
bool infer_gradient(RuleContext& context) {
  for (size_t slot = 0; slot < context.output_count(); ++slot)
    set_like(context, slot, slot, context.element(slot));
  return true;
}

}  // namespace

void register_shape_loss(ShapeFamilyRegistry& registry) {
  const std::string ms = "com.microsoft";
  registry.add({.id = "loss",
                .doc = "losses and gradients of training models",
                .operators = {{"", "NegativeLogLikelihoodLoss", false, infer_loss},
                              {"", "SoftmaxCrossEntropyLoss", false, infer_loss},
                              {ms, "NegativeLogLikelihoodLossInternal", false, infer_loss},
                              {ms, "SoftmaxCrossEntropyLossInternal", false, infer_loss},
                              {"ai.onnx.preview.training", "Gradient", false, infer_gradient}}});
}

}  // namespace acuate
