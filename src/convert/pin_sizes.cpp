#include "convert/pin_sizes.h"

#include "base/text.h"
#include "convert/samples.h"
#include "shape/dynamic.h"
#include "shape/infer.h"

namespace acuate {
namespace {

void infer_anew(Model& model) {
  for (Graph* graph : model.all_graphs()) graph->clear_inferred_types();
  infer_shapes(model);
}

}  // namespace

Result<std::unique_ptr<Model>> pin_sizes(const Model& model, std::span<const Tensor> inputs) {
  auto pinned = model.clone();
  const std::vector<Value*> fed = fed_inputs(*pinned);
  ACUATE_CHECK(fed.size() == inputs.size(), "a sample fills all inputs");
  for (size_t i = 0; i < fed.size(); ++i) {
    ValueType type = fed[i]->type;
    const Shape& shape = inputs[i].shape();
    const std::string name = to_valid_utf8(fed[i]->name);
    if (type.shape && type.shape->size() != shape.size())
      return fail("input '{}' is {}, samples are of shape {}", name, type.text(),
                  format_shape(shape));
    std::vector<Dim> dims;
    for (const int64_t size : shape) dims.push_back({size, {}});
    for (size_t axis = 0; type.shape && axis < dims.size(); ++axis)
      if (const Dim& dim = (*type.shape)[axis]; dim.is_known() && dim != dims[axis])
        return fail("input '{}' is {}, samples are of shape {}", name, type.text(),
                    format_shape(shape));
    type.shape = std::move(dims);
    fed[i]->graph->set_type(*fed[i], std::move(type));
  }
  // Outputs are declared with open sizes, which inference narrows.
  infer_anew(*pinned);
  return pinned;
}

void open_sizes(Model& made, const Model& model) {
  const auto restore = [&made](const std::vector<Value*>& values, const Graph& from) {
    for (Value* value : values)
      if (const Value* known = from.find(value->name);
          known != nullptr && known->type.kind == ValueType::Kind::Tensor) {
        ValueType type = value->type;
        type.shape = known->type.shape;
        // Names belong to their model.
        for (size_t i = 0; type.shape && i < type.shape->size(); ++i)
          if (Dim& dim = (*type.shape)[i]; !dim.name.empty()) dim.name = made.intern(dim.name);
        value->graph->set_type(*value, std::move(type));
      }
  };
  restore(fed_inputs(made), model.graph());
  const std::vector<Value*> outputs(made.graph().outputs().begin(), made.graph().outputs().end());
  restore(outputs, model.graph());
  infer_anew(made);
}

}  // namespace acuate
