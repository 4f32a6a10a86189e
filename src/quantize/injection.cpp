#include "quantize/injection.h"

#include "base/text.h"
#include "numeric/quantize_values.h"
#include "rewrite/graph_writer.h"

namespace acuate {
namespace {

Result<void> round_constant(Model& model, Value& value, const Quantization& grid) {
  auto tensor = model.load(*value.initializer);
  if (!tensor) return tensor.error();
  if (tensor->type() != ElementType::Float)
    return fail("'{}' is {}; grids are for float32", to_valid_utf8(value.name),
                element_type_name(tensor->type()));
  Tensor rounded = Tensor::of<float>(tensor->shape(), tensor->values<float>());
  if (auto done = fake_quantize(rounded, grid); !done) return done.error();
  model.graph().set_initializer(value, rounded);
  return {};
}

void round_activation(Graph& graph, Value& value, const Quantization& grid) {
  Node* before = value.producer != nullptr ? value.producer->next() : graph.first();
  GraphWriter writer(graph, before, std::string(value.name) + "_grid", ElementType::Float);
  const AffineGrid points = grid.grid();
  Value* scale = writer.number(static_cast<double>(grid.scale[0]));
  Value* read = graph.add_value(graph.unused_name(std::string(value.name) + "_rounded"));
  if (!value.is_output()) {
    graph.replace_uses(value, *read);
  } else {
    // The output keeps its name: what was computed gets another.
    const ValueType type = value.type;
    const std::string name(value.name);
    graph.replace_uses(value, *read);
    graph.rename(value, graph.unused_name(name + "_float"));
    graph.rename(*read, name);
    graph.set_type(*read, type);
  }
  Value* steps = writer.add("Round", {writer.add("Div", {&value, scale})});
  Value* clamped =
      writer.clip(steps, static_cast<double>(points.lowest), static_cast<double>(points.highest));
  graph.add_node("Mul", "", "", {clamped, scale}, {read}, before);
}

}  // namespace

Result<std::unique_ptr<Model>> with_injected_noise(const Model& model, const std::string& tensor,
                                                   const Quantization& grid) {
  if (model.opset_version() < 13)
    return fail("rounding needs opset 13, the model has {}; convert it first",
                model.opset_version());
  std::unique_ptr<Model> copy = model.clone();
  Value* value = copy->graph().find(tensor);
  if (value == nullptr || !value->is_defined())
    return fail("the model has no tensor '{}' to quantize", to_valid_utf8(tensor));
  if (value->is_constant()) {
    if (auto done = round_constant(*copy, *value, grid); !done) return done.error();
  } else if (grid.is_float()) {
    return fail("activation '{}' has no grid but the format {}", to_valid_utf8(tensor),
                grid.scheme);
  } else if (grid.scale.size() != 1) {
    return fail("activation '{}' has a per-channel grid; targets take one scale",
                to_valid_utf8(tensor));
  } else {
    round_activation(copy->graph(), *value, grid);
  }
  return copy;
}

}  // namespace acuate
