#pragma once

#include <memory>
#include <span>

#include "base/result.h"
#include "graph/model.h"
#include "graph/tensor.h"

namespace acuate {

// What measures a network (quantization) wants every tensor's size. It gets a copy whose open sizes
// are those of one sample, and its result gets them back: scales do not depend on them.

// A copy of the sizes of `inputs`, in the order of those that callers feed, with inferred types.
// Errors: a size that the model contradicts, an input of another rank, and a tensor whose size
// depends on values.
Result<std::unique_ptr<Model>> pin_sizes(const Model& model, std::span<const Tensor> inputs);

// Inputs and outputs of `made`, which a change of such a copy gave, get the types that they have in
// `model`; all others are inferred anew.
void open_sizes(Model& made, const Model& model);

}  // namespace acuate
