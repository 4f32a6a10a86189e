#include "rewrite/expansion.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "rewrite/facts.h"
#include "rewrite/surgery.h"
#include "shape/inference.h"

namespace acuate {
namespace {

const Value& named_output(const Node& node) {
  for (const Value* output : node.outputs())
    if (output != nullptr) return *output;
  ACUATE_CHECK(false, "a node without outputs is not legalized");
}

}  // namespace

Expansion::Expansion(Node& node, const LegalizeContext& context)
    : GraphWriter(node.graph(), &node, std::string(named_output(node).name),
                  node.input(0) != nullptr ? node.input(0)->type.element : ElementType::Undefined),
      node_(node),
      context_(context) {}

std::nullopt_t Expansion::finish(const std::vector<Value*>& results) {
  const std::string name(node_.name());
  const auto names = origins(node_);
  const auto metadata = node_.metadata();
  const auto other_fields = node_.other_fields();
  const std::vector<Value*> outputs = node_.outputs();
  std::vector<Value*> inputs;
  for (size_t slot = 0; slot < node_.input_count(); ++slot)
    if (Value* input = node_.input(slot);
        input != nullptr && std::find(inputs.begin(), inputs.end(), input) == inputs.end())
      inputs.push_back(input);
  graph_.remove_node(node_);
  Node& heir = *results[0]->producer;
  for (size_t i = 0; i < results.size(); ++i) {
    if (i >= outputs.size() || outputs[i] == nullptr) continue;
    Value& made = *results[i];
    Node* producer = made.producer;
    ACUATE_CHECK(std::find(made_.begin(), made_.end(), producer) != made_.end(),
                 "a result that the expansion made");
    graph_.replace_uses(made, *outputs[i]);
    producer->set_output(made.output_slot, outputs[i]);
    graph_.remove_value(made);
  }
  for (Node* node : made_) {
    for (const auto& [key, value] : metadata) node->set_metadata(key, value);
    set_origins(*node, names);
  }
  heir.set_name(name);
  heir.set_other_fields(other_fields);
  if (context_.added != nullptr)
    context_.added->insert(context_.added->end(), made_.begin(), made_.end());
  for (Value* input : inputs) {
    if (input->is_constant() && input->is_unused() && input->graph == &graph_) {
      graph_.remove_initializer(*input);
      graph_.remove_value(*input);
    } else {
      remove_unused(*input);
    }
  }
  return std::nullopt;
}

std::optional<std::string> not_real(const Node& node) {
  const ElementType element =
      node.input(0) != nullptr ? node.input(0)->type.element : ElementType::Undefined;
  if (element == ElementType::Float || element == ElementType::Double) return std::nullopt;
  return "its elements are " + std::string(element_type_name(element)) +
         "; the bound holds for float32 and float64";
}

std::optional<std::string> not_floating(const Node& node) {
  const ElementType element =
      node.input(0) != nullptr ? node.input(0)->type.element : ElementType::Undefined;
  if (element == ElementType::Float16 || element == ElementType::Bfloat16) return std::nullopt;
  return not_real(node);
}

std::optional<Shape> known_shape(const Value* value) {
  if (value == nullptr) return std::nullopt;
  if (value->initializer) return value->initializer->shape;
  return value->type.static_shape();
}

std::optional<Tensor> known_tensor(const Value* value) {
  if (value == nullptr) return std::nullopt;
  const Model& model = value->graph->model();
  if (value->is_constant()) {
    auto tensor = model.load(*value->initializer);
    return tensor ? std::optional(std::move(*tensor)) : std::nullopt;
  }
  if (value->producer == nullptr || !value->producer->is_op("Constant")) return std::nullopt;
  const Attribute* attribute = value->producer->attribute("value");
  const auto wire = attribute != nullptr ? attribute->as_tensor() : std::nullopt;
  if (!wire) return std::nullopt;
  const auto ref = parse_tensor(*wire, model.folder());
  if (!ref) return std::nullopt;
  auto tensor = model.load(*ref);
  return tensor ? std::optional(std::move(*tensor)) : std::nullopt;
}

std::optional<std::vector<double>> known_reals(const Value* value) {
  const auto tensor = known_tensor(value);
  if (!tensor) return std::nullopt;
  const auto copied = [](const auto& values) {
    return std::vector<double>(values.begin(), values.end());
  };
  if (tensor->type() == ElementType::Float) return copied(tensor->values<float>());
  if (tensor->type() == ElementType::Double) return copied(tensor->values<double>());
  return std::nullopt;
}

std::optional<std::vector<int64_t>> known_ints(const Value* value, const LegalizeContext& context) {
  if (value == nullptr) return std::nullopt;
  if (const auto tensor = known_tensor(value)) {
    const auto copied = [](const auto& values) {
      return std::vector<int64_t>(values.begin(), values.end());
    };
    if (tensor->type() == ElementType::Int64) return copied(tensor->values<int64_t>());
    if (tensor->type() == ElementType::Int32) return copied(tensor->values<int32_t>());
    return std::nullopt;
  }
  const ShapeData* data = context.shapes == nullptr ? nullptr : context.shapes->data(*value);
  if (data == nullptr || data->denominator != 1) return std::nullopt;
  std::vector<int64_t> out;
  for (const Expr& element : data->values) {
    const auto number = element.as_number();
    if (!number) return std::nullopt;
    out.push_back(*number);
  }
  return out;
}

std::optional<std::vector<int64_t>> ints_of(const Node& node, std::string_view attribute,
                                            size_t slot, const LegalizeContext& context) {
  if (node.attribute(attribute) != nullptr) return node.ints_attribute(attribute);
  if (node.input(slot) == nullptr) return std::vector<int64_t>{};
  return known_ints(node.input(slot), context);
}

}  // namespace acuate
