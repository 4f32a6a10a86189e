#pragma once

#include <memory>

#include "graph/model.h"
#include "simulate/kernel.h"

namespace acuate {

// A node alone as a model, for an engine that computes in float: its activations are inputs
// `input_<slot>`, its constants are in it, as the reals that they stand for. Errors: control flow,
// functions of the model.
Result<std::unique_ptr<Model>> float_model_of(const Node& node,
                                              const std::vector<Operand>& operands);

}  // namespace acuate
