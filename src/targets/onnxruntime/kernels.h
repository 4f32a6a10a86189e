#pragma once

#include <vector>

#include "targets/onnxruntime/api.h"

namespace acuate {

// Nodes that the engine knows the operator of and has no kernel for: for their types or their
// opset, or since the kernel refuses an attribute when it is made. The engine is asked itself, by a
// session of one node without weights for each combination of operator, version, types, ranks and
// choosing attributes that this process has not seen yet. A node inside a body is told on the node
// of the main graph that holds it. Nodes whose types are not known, and bodies of local functions,
// are not judged. Linear in nodes beside that.
Result<std::vector<Refusal>> refusals_of_kernels(const OnnxRuntime& runtime, const Model& model);

}  // namespace acuate
