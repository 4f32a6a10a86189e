#include "convert/lower_precision.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/rule.h"
#include "graph/model.h"
#include "numeric/quantize_values.h"
#include "onnx_io/authority.h"

namespace acuate {
namespace {

constexpr float kLargestFloat16 = 65504;

bool is_float32(const Value* value) {
  if (value != nullptr && value->initializer) return value->initializer->type == ElementType::Float;
  return value != nullptr && value->type.kind == ValueType::Kind::Tensor &&
         value->type.element == ElementType::Float;
}

ValueType with_element(ValueType type, ElementType element) {
  type.element = element;
  type.wire = {};
  return type;
}

class PrecisionLowerer {
 public:
  PrecisionLowerer(Model& model, const Target& target, const LoweringRequest& request)
      : model_(model),
        graph_(model.graph()),
        target_(target),
        request_(request),
        format_(schemes()
                    .lookup(request.type == ElementType::Float16 ? "fp16" : "bf16")
                    ->from_range(0, 0)) {}

  Result<Lowering> run() {
    out_.type = request_.type;
    for (Node* node = graph_.first(); node != nullptr; node = node->next()) {
      if (!request_.is_meant(*node)) continue;
      auto operands = judge(*node);
      if (!operands) return operands.error();
      if (!operands->inputs.empty()) lowered_.emplace_back(node, std::move(*operands));
    }
    for (const auto& [node, operands] : lowered_) out_.nodes.push_back(node);
    for (const auto& [node, operands] : lowered_) lower_outputs(*node, operands);
    for (const auto& [node, operands] : lowered_)
      if (auto done = lower_inputs(*node, operands); !done) return done.error();
    for (const auto& [value, half] : made_) raise(*value, *half);
    return std::move(out_);
  }

 private:
  // Slots that change their type; none where the node stays as it is.
  struct Operands {
    std::vector<size_t> inputs, outputs;
  };

  Operands keep(const Node& node, const std::string& reason) {
    out_.kept.emplace_back(&node, reason);
    return {};
  }

  Result<Operands> judge(const Node& node) {
    const auto inputs = [&] {
      std::vector<const Value*> values;
      for (size_t slot = 0; slot < node.input_count(); ++slot) values.push_back(node.input(slot));
      return values;
    }();
    if (std::none_of(inputs.begin(), inputs.end(), is_float32) &&
        std::none_of(node.outputs().begin(), node.outputs().end(), is_float32))
      return Operands{};
    for (const Attribute& attribute : node.attributes())
      if (!attribute.graphs.empty()) return keep(node, "it holds a body, which stays whole");
    const auto variables = type_variables(model_, node, request_.type);
    if (!variables)
      return keep(node, fmt::format("nothing is known of the types that the operator {} takes",
                                    to_valid_utf8(node.op_type())));
    if (node.is_op("QuantizeLinear") || node.is_op("DequantizeLinear") ||
        node.is_op("DynamicQuantizeLinear"))
      return keep(node, "scales of quantized tensors are float32");
    Operands operands;
    std::set<std::string_view> changed;
    for (size_t slot = 0; slot < inputs.size(); ++slot)
      if (is_float32(inputs[slot]) && !variables->inputs[slot].empty()) {
        operands.inputs.push_back(slot);
        changed.insert(variables->inputs[slot]);
      }
    for (size_t slot = 0; slot < node.outputs().size(); ++slot)
      if (is_float32(node.output(slot))) {
        if (changed.count(variables->outputs[slot]) == 0 || variables->outputs[slot].empty())
          return keep(node, fmt::format("{} of opset {} has no result of type {}", node.op_type(),
                                        node.graph().opset_version(node.domain()), type_name()));
        operands.outputs.push_back(slot);
      }
    if (operands.inputs.empty())
      return keep(node, fmt::format("{} of opset {} reads no {}", node.op_type(),
                                    node.graph().opset_version(node.domain()), type_name()));
    if (request_.type == ElementType::Float16) {
      auto misfit = out_of_range(node);
      if (!misfit) return misfit.error();
      if (!misfit->empty()) return keep(node, *misfit);
    }
    if (const std::string refused = refusal(node, operands); !refused.empty())
      return keep(node, refused);
    return operands;
  }

  // Asks the target about the node as it would be.
  std::string refusal(const Node& node, const Operands& operands) const {
    std::unordered_set<const Value*> changed;
    for (const size_t slot : operands.inputs) changed.insert(node.input(slot));
    for (const size_t slot : operands.outputs) changed.insert(node.output(slot));
    NodeContext context;
    context.type_of = [&](const Value& value) -> std::optional<ValueType> {
      if (changed.count(&value) == 0) return std::nullopt;
      return with_element(value.type, request_.type);
    };
    for (const Reason& reason : target_.why_not(node, context))
      if (reason.blocks) return fmt::format("target {}: {}", target_.id, reason.message);
    return {};
  }

  // Empty: everything about the node that is known fits into float16.
  Result<std::string> out_of_range(const Node& node) {
    for (size_t slot = 0; slot < node.input_count() + node.outputs().size(); ++slot) {
      const Value* value =
          slot < node.input_count() ? node.input(slot) : node.output(slot - node.input_count());
      if (!is_float32(value)) continue;
      if (value->is_constant()) {
        auto misfit = constant_misfit(*value);
        if (!misfit || !misfit->empty()) return misfit;
      } else if (const Histogram* histogram = measured(*value); histogram != nullptr) {
        const auto range = histogram->range();
        if (range && std::max(-range->min, range->max) > kLargestFloat16)
          return fmt::format("tensor '{}' reaches {:g}; float16 ends at 65,504",
                             to_valid_utf8(value->name), std::max(-range->min, range->max));
      } else if (told_.insert(value).second) {
        out_.unmeasured.emplace_back(value->name);
      }
    }
    return std::string();
  }

  const Histogram* measured(const Value& value) const {
    if (request_.measured == nullptr) return nullptr;
    const auto found = request_.measured->histograms.find(value.name);
    return found == request_.measured->histograms.end() ? nullptr : &found->second;
  }

  Result<std::string> constant_misfit(const Value& constant) {
    const auto [known, is_new] = misfits_.try_emplace(&constant);
    if (!is_new) return known->second;
    auto tensor = model_.load(*constant.initializer);
    if (!tensor) return fail("'{}': {}", to_valid_utf8(constant.name), tensor.error().message);
    float largest = 0;
    for (const float value : tensor->values<float>())
      if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    if (largest > kLargestFloat16)
      known->second = fmt::format("constant '{}' reaches {:g}; float16 ends at 65,504",
                                  to_valid_utf8(constant.name), largest);
    else if (tensor->size() == 1 && largest > 0 && largest <= 0x1p-25F)
      known->second = fmt::format("constant '{}' of {:g} would be zero in float16",
                                  to_valid_utf8(constant.name), largest);
    return known->second;
  }

  std::string type_name() const { return std::string(element_type_name(request_.type)); }

  Value& add_half(const Value& value) {
    Value& half = *graph_.add_value(
        graph_.unused_name(fmt::format("{}_{}", value.name, element_type_name(request_.type))));
    graph_.set_inferred_type(half, with_element(value.type, request_.type));
    return half;
  }

  void add_cast(Value& from, ElementType to, Value& result, Node* before) {
    std::string name = fmt::format("{}_Cast", to == ElementType::Float ? from.name : result.name);
    while (!graph_.nodes_called(name).empty()) name += "_";
    Node* node = graph_.add_node("Cast", "", name, {&from}, {&result}, before);
    node->set_attribute(encode_attribute("to", static_cast<int64_t>(to)));
  }

  void lower_outputs(Node& node, const Operands& operands) {
    for (const size_t slot : operands.outputs) {
      Value* value = node.output(slot);
      Value& half = add_half(*value);
      node.set_output(slot, &half);
      halves_.emplace(value, &half);
      made_.emplace_back(value, &half);
    }
  }

  Result<void> lower_inputs(Node& node, const Operands& operands) {
    for (const size_t slot : operands.inputs) {
      Value* value = node.input(slot);
      const auto [known, is_new] = halves_.try_emplace(value);
      if (is_new) {
        Value& half = add_half(*value);
        if (value->is_constant()) {
          auto tensor = model_.load(*value->initializer);
          if (tensor) tensor = quantize(*tensor, format_);
          if (!tensor) return fail("'{}': {}", to_valid_utf8(value->name), tensor.error().message);
          graph_.set_initializer(half, *tensor);
        } else {
          add_cast(*value, request_.type, half, &node);
        }
        known->second = &half;
      }
      node.set_input(slot, known->second);
      if (value->is_constant() && value->is_unused()) graph_.remove_initializer(*value);
    }
    return {};
  }

  // What float32 nodes, bodies and the caller read is cast back under its own name.
  void raise(Value& value, Value& half) {
    if (value.is_unused())
      graph_.remove_value(value);
    else
      add_cast(half, ElementType::Float, value, half.producer->next());
  }

  Model& model_;
  Graph& graph_;
  const Target& target_;
  const LoweringRequest& request_;
  const Quantization format_;
  std::vector<std::pair<Node*, Operands>> lowered_;
  std::unordered_map<const Value*, Value*> halves_;
  std::vector<std::pair<Value*, Value*>> made_;  // by lowered nodes, in graph order
  std::unordered_map<const Value*, std::string> misfits_;
  std::unordered_set<const Value*> told_;
  Lowering out_;
};

}  // namespace

Result<Lowering> lower_precision(Model& model, const Target& target,
                                 const LoweringRequest& request) {
  return PrecisionLowerer(model, target, request).run();
}

std::vector<Finding> lowering_findings(const Lowering& lowering, const ModelModuleTree& modules,
                                       const std::string& target, bool has_data) {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> groups;
  for (const auto& [node, reason] : lowering.kept)
    groups[{modules.module_of(*node).path, reason}].push_back(node->address());
  std::vector<Finding> findings;
  for (auto& [key, nodes] : groups) {
    Finding finding = new_finding("precision_not_available");
    finding.target = target;
    finding.module = key.first;
    finding.cause =
        fmt::format("asked for in {}, computed in float32", element_type_name(lowering.type));
    finding.evidence = key.second;
    finding.nodes = std::move(nodes);
    finding.stage = "quantize";
    findings.push_back(std::move(finding));
  }
  if (!lowering.unmeasured.empty() && !lowering.nodes.empty()) {
    Finding finding = new_finding("float16_range_unknown");
    finding.target = target;
    finding.cause = has_data ? "Tensors of dynamic shape were not measured; beyond 65,504 they "
                               "become infinite in float16."
                             : "No data were given, so it is unknown whether values exceed 65,504, "
                               "beyond which they become infinite in float16.";
    finding.evidence =
        fmt::format("{} tensors around {} nodes in float16, first '{}'", lowering.unmeasured.size(),
                    lowering.nodes.size(), to_valid_utf8(lowering.unmeasured.front()));
    finding.stage = "quantize";
    findings.push_back(std::move(finding));
  }
  return findings;
}

Finding precision_unproven_finding(const std::string& target) {
  Finding finding = new_finding("precision_unproven");
  finding.target = target;
  finding.cause =
      "The emitted graph computes in 16-bit floats; whether the engine does is not proven.";
  finding.evidence = "the engine's profile names kernels without their types";
  finding.stage = "profile";
  return finding;
}

}  // namespace acuate
