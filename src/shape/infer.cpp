#include "shape/infer.h"

#include "shape/engine.h"
#include "shape/inference.h"

namespace acuate {

InferenceResult infer_shapes(Model& model) {
  const ShapeInference inference(model);
  return {inference.issues(), inference.unknown()};
}

InferenceResult check_shapes(const Model& model) {
  // The engine works on models that it may write to, and does not write to this one.
  const ShapeEngine engine(const_cast<Model&>(model), false);
  return {engine.issues(), engine.unknown()};
}

}  // namespace acuate
