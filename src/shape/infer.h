#pragma once

#include <vector>

#include "graph/model.h"

namespace acuate {

struct InferenceResult {
  // `type_mismatch`: an operator refuses its inputs, or contradicts what the model declares.
  std::vector<ModelIssue> issues;
  // Values whose shape stays unknown because the onnx library has no rule for their producer.
  std::vector<const Value*> unknown;
};

// Types of all values from those of the inputs and initializers, bodies included, in one pass over
// the nodes: the onnx library's inference function of each operator, and its propagation of small
// integer data (Shape → Gather → Concat → Reshape). Declared types of inner values are only
// believed where nothing can be inferred. Writes Value::type; a graph output whose type changes is
// declared anew. Linear in nodes; reads constants of up to 4,096 elements.
InferenceResult infer_shapes(Model& model);

}  // namespace acuate
