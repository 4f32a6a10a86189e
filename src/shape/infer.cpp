#include "shape/infer.h"

#include "shape/inference.h"

namespace acuate {

InferenceResult infer_shapes(Model& model) {
  const ShapeInference inference(model);
  return {inference.issues(), inference.unknown()};
}

}  // namespace acuate
