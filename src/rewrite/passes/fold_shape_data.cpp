#include "rewrite/pass.h"
#include "rewrite/surgery.h"
#include "shape/inference.h"

namespace acuate {
namespace {

template <class T>
Tensor tensor_of(const Shape& shape, const std::vector<Expr>& values) {
  Tensor tensor = Tensor::allocate(element_type_of<T>(), shape);
  for (size_t i = 0; i < values.size(); ++i)
    tensor.mutable_values<T>()[i] = static_cast<T>(*values[i].as_number());
  return tensor;
}

// The tensor where all of its elements are known integers.
std::optional<Tensor> known_tensor(const Value& value, const ShapeData& data) {
  const auto shape = value.type.static_shape();
  if (!shape || element_count(*shape) != static_cast<int64_t>(data.values.size()) ||
      data.denominator != 1)
    return std::nullopt;
  for (const Expr& element : data.values)
    if (element.is_unknown() || !element.is_number()) return std::nullopt;
  switch (value.type.element) {
    case ElementType::Int64:
      return tensor_of<int64_t>(*shape, data.values);
    case ElementType::Int32:
      return tensor_of<int32_t>(*shape, data.values);
    case ElementType::Bool:
      return tensor_of<bool>(*shape, data.values);
    default:
      return std::nullopt;  // floats are left to the engine, which rounds as the model would
  }
}

PassOutcome fold(Graph& graph, const ShapeInference& shapes) {
  PassOutcome outcome;
  // From the end: what only a folded node reads goes with it.
  const std::vector<Node*> nodes = graph.nodes();
  for (auto place = nodes.rbegin(); place != nodes.rend(); ++place)
    for (Value* output : (*place)->outputs()) {
      if ((*place)->is_removed()) break;
      if (output == nullptr || output->is_output() || output->is_unused()) continue;
      const ShapeData* data = shapes.data(*output);
      const auto tensor = data != nullptr ? known_tensor(*output, *data) : std::nullopt;
      if (!tensor) continue;
      become_constant(*output, *tensor);
      ++outcome.applied;
    }
  return outcome;
}

}  // namespace

void register_rewrite_fold_shape_data(PassRegistry& registry) {
  registry.add(
      {.id = "fold_shape_data",
       .doc = "Integers and booleans that shape inference knows (Shape of a static tensor, and "
              "what is computed from it) become constants, without an engine.",
       .phase = Phase::Fold,
       .run = [](Model& model, const PassContext& context) -> Result<PassOutcome> {
         PassOutcome outcome;
         for (Graph* graph : model.all_graphs())
           if (graph->owner() != nullptr || graph == &model.graph())
             outcome.applied += fold(*graph, *context.shapes).applied;
         return outcome;
       }});
}

}  // namespace acuate
