#pragma once

#include <vector>

#include "graph/model.h"

namespace acuate {

struct InferenceResult {
  // `type_mismatch`: an operator refuses its inputs, or contradicts what the model declares.
  std::vector<ModelIssue> issues;
  // Values whose shape stays unknown because there is no rule for their producer.
  std::vector<const Value*> unknown;
};

// Types of all values from those of the inputs and initializers, bodies and functions included: one
// ShapeInference for a model that is not edited afterwards. Writes Value::type; a graph output
// whose type changes is declared anew. Linear in nodes.
InferenceResult infer_shapes(Model& model);

// What infer_shapes() would say, without a change of the model.
InferenceResult check_shapes(const Model& model);

}  // namespace acuate
