#include "shape/inference.h"

#include "shape/engine.h"

namespace acuate {

ShapeInference::ShapeInference(Model& model) : engine_(std::make_unique<ShapeEngine>(model)) {}
ShapeInference::~ShapeInference() = default;

size_t ShapeInference::update() { return engine_->update(); }
size_t ShapeInference::inferred_nodes() const { return engine_->inferred_nodes(); }
Model& ShapeInference::model() const { return engine_->model(); }
ExprPool& ShapeInference::pool() const { return engine_->pool(); }
const SymbolicType* ShapeInference::type(const Value& value) const { return engine_->type(value); }
const Dims* ShapeInference::shape(const Value& value) const {
  const SymbolicType* type = engine_->type(value);
  return type != nullptr && type->is_tensor() && type->shape ? &*type->shape : nullptr;
}
const ShapeData* ShapeInference::data(const Value& value) const { return engine_->data(value); }
std::vector<ModelIssue> ShapeInference::issues() const { return engine_->issues(); }
std::vector<const Node*> ShapeInference::contradictory_nodes() const {
  return engine_->contradictory_nodes();
}
std::vector<const Value*> ShapeInference::unknown() const { return engine_->unknown(); }

}  // namespace acuate
