#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "targets/quantization.h"

namespace acuate {
namespace {

// The axis of a product's weights that its inputs go along.
int input_axis(const Node& node) {
  return node.is_op("Gemm") && node.int_attribute("transB", 0) != 0 ? 1 : 0;
}

std::string reason_against_weights(const Node& node, const QuantizationRequest& request,
                                   const QuantizationRules& rules) {
  if (std::string reason = reason_against(node, request, rules); !reason.empty()) return reason;
  if (node.input(1)->initializer->size() < kFewestWeights)
    return fmt::format("its weights have fewer than {} elements", kFewestWeights);
  return {};
}

}  // namespace

Result<QuantizationPlan> plan_weights(Model& model, const QuantizationRequest& request,
                                      const QuantizationRules& rules) {
  const auto& known = rules.weight_only_schemes;
  if (known.empty())
    return fail("{} takes no quantized weights without quantized activations", rules.target);
  if (std::find(known.begin(), known.end(), request.weights_only) == known.end())
    return fail("{} takes no weights alone of scheme '{}'; it takes {}", rules.target,
                request.weights_only, join(known, ", "));
  // What engines have kernels for.
  if (request.group != 0 && (request.group < 16 || (request.group & (request.group - 1)) != 0))
    return fail("groups have {} inputs; expected a power of two from 16 on, or 0 for all",
                request.group);
  QuantizationPlan plan;
  std::unordered_set<const Value*> seen;
  for (Node* node = model.graph().first(); node != nullptr; node = node->next()) {
    if (!node->is_op("MatMul") && !node->is_op("Gemm")) continue;
    if (node->is_op("MatMul") && (node->input(1) == nullptr || !node->input(1)->is_constant()))
      continue;  // a product of two activations
    if (std::string reason = reason_against_weights(*node, request, rules); !reason.empty()) {
      plan.kept_float.push_back({node, std::move(reason)});
      continue;
    }
    plan.anchors.push_back(node);
    Value* weight = node->input(1);
    if (!seen.insert(weight).second) continue;
    const int axis = input_axis(*node);
    const bool in_blocks = request.group != 0 && request.group < weight->initializer->shape[axis];
    plan.weights.push_back(
        {weight, request.weights_only, in_blocks ? axis : 1 - axis, in_blocks ? request.group : 0});
  }
  return plan;
}

}  // namespace acuate
