#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "targets/quantization.h"

namespace acuate {
namespace {

bool is_float_constant(const Value* value) {
  return value != nullptr && value->is_constant() && value->initializer->type == ElementType::Float;
}

bool is_float_tensor(const Value* value) {
  return value != nullptr && value->type.kind == ValueType::Kind::Tensor &&
         value->type.element == ElementType::Float;
}

// Why the node cannot run in 8 bits although it is a convolution or matrix product; empty where it
// can.
std::string reason_against(const Node& node, const QuantizationRequest& request) {
  for (const std::string& pattern : request.exclude)
    if (matches_pattern(node.address(), pattern)) return "excluded by '" + pattern + "'";
  if (request.on_host.count(node.name()) > 0) return "it runs on the host";
  if (node.is_op("ConvTranspose")) return "the engine has no 8-bit kernel for ConvTranspose";
  if (!is_float_constant(node.input(1))) return "its weights are not a float32 constant";
  if (node.is_op("MatMul") && node.input(1)->initializer->shape.size() != 2)
    return "its weights are not a matrix";
  if (node.input(2) != nullptr && !is_float_constant(node.input(2)))
    return "its bias is not a float32 constant";
  if (node.is_op("Gemm") &&
      (node.int_attribute("transA", 0) != 0 || node.float_attribute("alpha", 1) != 1 ||
       node.float_attribute("beta", 1) != 1))
    return "its Gemm is scaled or has a transposed data input";
  if (node.is_op("Gemm") && node.input(2) != nullptr &&
      node.input(2)->initializer->shape.size() != 1)
    return "its bias is not a vector";
  if (!is_float_tensor(node.input(0))) return "its input is not float32";
  return {};
}

// One element of a float constant, or the attribute of that name before opset 11.
std::optional<float> clip_bound(const Node& clip, size_t slot, std::string_view attribute) {
  if (const Value* bound = clip.input(slot)) {
    if (!is_float_constant(bound) || bound->initializer->size() != 1) return std::nullopt;
    auto tensor = bound->graph->model().load(*bound->initializer);
    if (!tensor) return std::nullopt;
    return tensor->values<float>()[0];
  }
  const float infinity = std::numeric_limits<float>::infinity();
  return clip.float_attribute(attribute, slot == 1 ? -infinity : infinity);
}

// Such as Relu6: a grid that ends where the Clip does makes it superfluous.
bool is_clip_around_zero(const Node& node) {
  if (!node.is_op("Clip")) return false;
  const auto low = clip_bound(node, 1, "min"), high = clip_bound(node, 2, "max");
  return low && high && *low <= 0 && *high > 0;
}

bool is_anchor(const Node& node) {
  return node.is_op("Conv") || node.is_op("ConvTranspose") || node.is_op("Gemm") ||
         node.is_op("MatMul");
}

int weight_axis(const Node& node) {
  if (node.is_op("Conv")) return 0;
  if (node.is_op("Gemm")) return node.int_attribute("transB", 0) != 0 ? 0 : 1;
  return 1;  // MatMul: columns
}

}  // namespace

Value* quantized_output(const Node& anchor) {
  Value* output = anchor.output();
  if (output->is_output() || output->uses().size() != 1) return output;
  const Node& user = *output->uses()[0].node;
  if (&user.graph() != &anchor.graph() || user.output() == nullptr) return output;
  return user.is_op("Relu") || is_clip_around_zero(user) ? user.output() : output;
}

bool is_non_negative(const Value& value) {
  std::unordered_set<const Value*> seen;
  std::vector<const Value*> open{&value};
  while (!open.empty()) {
    const Value* current = open.back();
    open.pop_back();
    if (!seen.insert(current).second) continue;
    const Node* node = current->producer;
    if (node == nullptr || !node->domain().empty()) return false;
    const std::string_view op = node->op_type();
    if (op == "Relu" || op == "Sigmoid" || op == "HardSigmoid" || op == "Softmax" || op == "Abs" ||
        op == "Exp" || op == "Softplus")
      continue;
    if (op == "Clip") {
      const auto low = clip_bound(*node, 1, "min");
      if (!low || *low < 0) return false;
      continue;
    }
    if (op == "MaxPool" || op == "AveragePool" || op == "GlobalAveragePool" ||
        op == "GlobalMaxPool" || op == "Reshape" || op == "Transpose" || op == "Flatten" ||
        op == "Squeeze" || op == "Unsqueeze" || op == "Identity" || op == "DepthToSpace" ||
        (op == "Resize" && node->string_attribute("mode", "nearest") != "cubic")) {
      open.push_back(node->input(0));
      continue;
    }
    if (op == "Concat" || op == "Add" || op == "Mul" || op == "Max") {
      for (size_t slot = 0; slot < node->input_count(); ++slot) {
        if (node->input(slot) == nullptr || node->input(slot)->initializer) return false;
        open.push_back(node->input(slot));
      }
      continue;
    }
    return false;
  }
  return true;
}

QuantizationPlan plan_convolutions(Model& model, const QuantizationRequest& request,
                                   bool unsigned_grid) {
  QuantizationPlan plan;
  std::unordered_set<const Value*> wanted, weights;
  Graph& graph = model.graph();
  for (Node* node = graph.first(); node != nullptr; node = node->next()) {
    if (!is_anchor(*node) || node->output() == nullptr) continue;
    if (node->is_op("MatMul") && !is_float_constant(node->input(1)))
      continue;  // a product of two activations
    const std::string reason = reason_against(*node, request);
    if (!reason.empty()) {
      plan.kept_float.push_back({node, reason});
      continue;
    }
    plan.anchors.push_back(node);
    wanted.insert(node->input(0));
    wanted.insert(quantized_output(*node));
    if (weights.insert(node->input(1)).second)
      plan.weights.push_back({node->input(1), "s8", weight_axis(*node)});
  }
  const std::string scheme =
      !request.scheme.empty() ? request.scheme : (unsigned_grid ? "u8" : "s8");
  const auto add = [&](Value* value) {
    if (wanted.erase(value) == 0) return;
    const bool shift_free = unsigned_grid && is_non_negative(*value);
    plan.activations.push_back({value, shift_free ? "u8" : scheme});
  };
  for (Value* input : graph.inputs()) add(input);
  for (Node* node = graph.first(); node != nullptr; node = node->next())
    for (Value* output : node->outputs())
      if (output != nullptr) add(output);
  return plan;
}

}  // namespace acuate
