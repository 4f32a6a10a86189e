#pragma once

#include <memory>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// The model at another version of the default domain, by the onnx library's version converter; the
// same model where it has that version already. Weights are referred to where they lie. Node
// metadata is carried over by output name. Errors: a step that the library has no adapter for, and
// models with local functions or with more than 2 GiB besides the weights of the main graph, which
// it cannot take.
Result<std::unique_ptr<Model>> convert_opset(const Model& model, int64_t version);

}  // namespace acuate
