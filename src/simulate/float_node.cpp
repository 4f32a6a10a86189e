#include "simulate/float_node.h"

#include "simulate/quantized_graph.h"

namespace acuate {

Result<std::unique_ptr<Model>> float_model_of(const Node& node,
                                              const std::vector<Operand>& operands) {
  const Model& whole = node.graph().model();
  for (const Attribute& attribute : node.attributes())
    if (!attribute.graphs.empty())
      return fail("node '{}' ({}) holds a graph of its own, which is not simulated", node.address(),
                  node.op_type());
  for (const Function& function : whole.functions())
    if (function.domain == node.domain() && function.name == node.op_type())
      return fail("node '{}' calls the function {}; inline it before simulating", node.address(),
                  node.op_type());
  auto model = std::make_unique<Model>();
  model->keep_storage_of(whole);
  model->set_ir_version(whole.ir_version());
  for (const OpsetImport& import : whole.opset_imports())
    model->set_opset(import.domain, import.version);
  Graph& graph = model->graph();
  std::vector<Value*> inputs, arguments;
  for (size_t slot = 0; slot < operands.size(); ++slot) {
    const Operand& operand = operands[slot];
    Value* value = nullptr;
    if (!operand.is_omitted) value = graph.add_value("input_" + std::to_string(slot));
    arguments.push_back(value);
    if (value == nullptr) continue;
    if (operand.constant) {
      graph.set_initializer(
          *value, operand.grid ? real_values(*operand.constant, *operand.grid) : *operand.constant);
      continue;
    }
    ValueType type;
    type.kind = ValueType::Kind::Tensor;
    type.element = operand.grid ? ElementType::Float : node.input(slot)->type.element;
    if (type.element == ElementType::Undefined) type.element = ElementType::Float;
    graph.set_type(*value, type);
    inputs.push_back(value);
  }
  graph.set_inputs(inputs);
  std::vector<Value*> results;
  for (size_t i = 0; i < node.outputs().size(); ++i)
    results.push_back(node.output(i) == nullptr ? nullptr
                                                : graph.add_value("output_" + std::to_string(i)));
  Node* copy = graph.add_node(node.op_type(), node.domain(), "node", arguments, results);
  for (const Attribute& attribute : node.attributes()) copy->set_attribute(attribute.wire);
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i] == nullptr) continue;
    ValueType type;
    type.kind = ValueType::Kind::Tensor;
    type.element = node.output(i)->type.element;
    if (type.element == ElementType::Undefined) type.element = ElementType::Float;
    graph.set_type(*results[i], type);
    graph.add_output(*results[i]);
  }
  return model;
}

}  // namespace acuate
