#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "rewrite/surgery.h"
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

// Why the caller leaves the node in float; empty where it does not.
std::string left_out(const Node& node, const QuantizationRequest& request) {
  for (const std::string& pattern : request.exclude)
    if (matches_pattern(node.address(), pattern)) return "excluded by '" + pattern + "'";
  if (request.on_host.count(node.name()) > 0) return "it runs on the host";
  return {};
}

}  // namespace

std::string reason_against(const Node& node, const QuantizationRequest& request,
                           const QuantizationRules& rules) {
  if (std::string reason = left_out(node, request); !reason.empty()) return reason;
  if (node.is_op("ConvTranspose") && !rules.transposed_convolutions)
    return "the engine has no 8-bit kernel for ConvTranspose";
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

namespace {

// Infinite, or so large that a grid up to there has nothing left for anything else.
bool holds_infinity(const Value& constant) {
  const auto tensor = float_constant(&constant);
  if (!tensor) return false;
  const auto values = tensor->values<float>();
  return std::any_of(values.begin(), values.end(), [](float x) { return std::abs(x) > 1e30F; });
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

// −1: one scale for the whole weight.
int weight_axis(const Node& node, const QuantizationRules& rules) {
  if (!rules.per_channel_weights) return -1;
  if (node.is_op("Conv")) return 0;
  // [C, M / group, …]: with groups an output channel is no index of one axis.
  if (node.is_op("ConvTranspose")) return node.int_attribute("group", 1) == 1 ? 1 : -1;
  if (node.is_op("Gemm")) return node.int_attribute("transB", 0) != 0 ? 0 : 1;
  return 1;  // MatMul: columns
}

}  // namespace

Value* quantized_output(const Node& node) {
  Value* output = node.output();
  if (output->is_output() || output->uses().size() != 1) return output;
  const Node& user = *output->uses()[0].node;
  if (&user.graph() != &node.graph() || user.output() == nullptr) return output;
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

namespace {

// Such as those of queries with keys.
bool has_products_of_activations(const Graph& graph) {
  for (const Node* node = graph.first(); node != nullptr; node = node->next())
    if (node->is_op("MatMul") && node->input(0) != nullptr && node->input(1) != nullptr &&
        !node->input(0)->is_constant() && !node->input(1)->is_constant())
      return true;
  return false;
}

Result<std::string> activation_scheme(const Graph& graph, const QuantizationRequest& request,
                                      const QuantizationRules& rules) {
  if (request.scheme.empty())
    return !rules.attention_scheme.empty() && has_products_of_activations(graph)
               ? rules.attention_scheme
               : rules.schemes.at(0);
  if (std::find(rules.schemes.begin(), rules.schemes.end(), request.scheme) == rules.schemes.end())
    return fail("{} takes no activations of scheme '{}'; it takes {}", rules.target, request.scheme,
                join(rules.schemes, ", "));
  return request.scheme;
}

class Planner {
 public:
  Planner(Model& model, const QuantizationRequest& request, const QuantizationRules& rules,
          std::string scheme)
      : graph_(model.graph()), request_(request), rules_(rules), scheme_(std::move(scheme)) {}

  QuantizationPlan run() {
    for (Node* node = graph_.first(); node != nullptr; node = node->next()) {
      if (node->output() == nullptr) continue;
      if (is_anchor(*node)) add_anchor(*node);
      if (rules_.placement == Placement::Residuals && node->is_op("Add")) add_shortcut(*node);
      if (rules_.placement == Placement::Everywhere) add_operands(*node);
    }
    for (Value* input : graph_.inputs()) add(input);
    for (Node* node = graph_.first(); node != nullptr; node = node->next())
      for (Value* output : node->outputs())
        if (output != nullptr) add(output);
    return std::move(plan_);
  }

 private:
  using Placement = QuantizationRules::Placement;

  void add_anchor(Node& node) {
    if (node.is_op("MatMul") && !is_float_constant(node.input(1))) return add_product(node);
    const std::string reason = reason_against(node, request_, rules_);
    if (!reason.empty()) {
      plan_.kept_float.push_back({&node, reason});
      return;
    }
    plan_.anchors.push_back(&node);
    want(node.input(0));
    if (rules_.placement == Placement::AroundThem) want(quantized_output(node));
    const bool is_float = schemes().lookup(scheme_)->is_float();
    const std::string& scheme =
        rules_.weight_scheme.empty() || is_float ? scheme_ : rules_.weight_scheme;
    if (weights_.insert(node.input(1)).second)
      plan_.weights.push_back({node.input(1), scheme, is_float ? -1 : weight_axis(node, rules_)});
  }

  bool has_attention() const { return scheme_ == rules_.attention_scheme; }

  // Of two activations.
  void add_product(const Node& node) {
    if (!has_attention() || !left_out(node, request_).empty()) return;
    for (const size_t slot : {0, 1})
      if (!is_float_tensor(node.input(slot)) || node.input(slot)->is_constant()) return;
    for (const size_t slot : {0, 1}) want(before_moves(node.input(slot)));
  }

  // What is moved to a value and nowhere else: on a grid there, it is moved as bytes.
  static Value* before_moves(Value* value) {
    while (value->producer != nullptr && moves_values(*value->producer) &&
           value->producer->outputs().size() == 1) {
      Value* moved = value->producer->input(0);
      if (moved->uses().size() != 1 || moved->is_output() || moved->is_constant()) break;
      value = moved;
    }
    return value;
  }

  // The Add is computed with the anchor whose result it alone reads; of two such anchors, the last.
  void add_shortcut(const Node& node) {
    Value *a = node.input(0), *b = node.input(1);
    const auto is_fused = [&](const Value* value) {
      return value != nullptr && value->producer != nullptr && value->uses().size() == 1 &&
             !value->is_output() && weights_.count(value->producer->input(1)) > 0 &&
             is_anchor(*value->producer);
    };
    if (a == nullptr || b == nullptr || a == b || node.output() == nullptr) return;
    if (is_fused(b))
      want(a);
    else if (is_fused(a))
      want(b);
  }

  void add_operands(Node& node) {
    if (may_be_infinite(node)) infinite_.insert(node.output());
    if (!left_out(node, request_).empty()) return;
    if (moves_values(node)) {
      if (on_grid_.count(node.input(0)) > 0)
        on_grid_.insert(node.outputs().begin(), node.outputs().end());
      return;
    }
    if (!is_inside_fusion(node.input(0)))
      for (size_t slot = 0; slot < node.input_count(); ++slot)
        if (is_float_tensor(node.input(slot))) want(node.input(slot));
    for (Value* output : node.outputs())
      if (is_float_tensor(output) && !is_inside_fusion(output)) want(output);
  }

  // Between an operator and the Relu or Clip that is computed with it.
  static bool is_inside_fusion(const Value* value) {
    if (value == nullptr || value->producer == nullptr) return false;
    const Node& producer = *value->producer;
    return (is_anchor(producer) || producer.is_op("Add")) && quantized_output(producer) != value;
  }

  // Masks and paddings that stand for "nothing": no grid is to reach that far.
  bool may_be_infinite(const Node& node) const {
    constexpr std::string_view kKeep[] = {"Add", "Sub", "Mul", "Where", "Concat", "Pad"};
    if (node.is_op("MaxPool")) return false;
    if (!moves_values(node) &&
        std::find(std::begin(kKeep), std::end(kKeep), node.op_type()) == std::end(kKeep))
      return false;
    for (size_t slot = 0; slot < node.input_count(); ++slot) {
      const Value* input = node.input(slot);
      if (infinite_.count(input) > 0 || (is_float_constant(input) && holds_infinity(*input)))
        return true;
    }
    return false;
  }

  void want(Value* value) {
    if (value->is_constant() || infinite_.count(value) > 0 || !on_grid_.insert(value).second)
      return;
    wanted_.insert(value);
  }

  void add(Value* value) {
    if (wanted_.count(value) == 0) return;
    const bool unsigned_grid =
        rules_.unsigned_where_positive && scheme_ == "s8" && is_non_negative(*value);
    plan_.activations.push_back({value, unsigned_grid ? "u8" : scheme_});
  }

  Graph& graph_;
  const QuantizationRequest& request_;
  const QuantizationRules& rules_;
  const std::string scheme_;
  QuantizationPlan plan_;
  std::unordered_set<const Value*> wanted_, weights_, on_grid_, infinite_;
};

}  // namespace

bool moves_values(const Node& node) {
  static const std::unordered_set<std::string_view> kMoving = {
      "DepthToSpace",  "Expand",   "Flatten", "Gather",       "GatherElements",
      "GatherND",      "Identity", "MaxPool", "ReduceMax",    "ReduceMin",
      "GlobalMaxPool", "Reshape",  "Slice",   "SpaceToDepth", "Split",
      "Squeeze",       "Tile",     "TopK",    "Transpose",    "Unsqueeze"};
  if (!node.domain().empty() || node.input(0) == nullptr) return false;
  if (kMoving.count(node.op_type()) > 0) return true;
  if (node.is_op("Resize")) return node.string_attribute("mode", "nearest") == "nearest";
  if (!node.is_op("Pad")) return false;
  if (node.string_attribute("mode", "constant") != "constant") return true;
  if (node.attribute("value") != nullptr) return node.float_attribute("value", 0) == 0;
  const Value* padding = node.input(2);
  if (padding == nullptr) return true;
  if (!is_float_constant(padding)) return false;
  const auto values = float_constant(padding);
  return values && values->size() == 1 &&
         (values->values<float>()[0] == 0 || holds_infinity(*padding));
}

Result<QuantizationPlan> plan_quantization(Model& model, const QuantizationRequest& request,
                                           const QuantizationRules& rules) {
  if (!request.weights_only.empty()) return plan_weights(model, request, rules);
  auto scheme = activation_scheme(model.graph(), request, rules);
  if (!scheme) return scheme.error();
  return Planner(model, request, rules, std::move(*scheme)).run();
}

}  // namespace acuate
