#pragma once

#include <optional>

#include "graph/model.h"

namespace acuate {

// Whether the value is there before anything runs: an initializer that nobody overrides, sparse
// ones included, or what a Constant node makes.
bool is_constant(const Value& value);

// The content of an initializer that nobody overrides, or of a Constant node with a tensor; nothing
// for everything else and where it cannot be read. Reads it, maps where it lies.
std::optional<Tensor> load_constant(const Model& model, const Value& value);

// What the elements of a float or integer tensor amount to; none of other types.
struct Extremes {
  double low = 0, high = 0;  // of the finite elements
  int64_t finite = 0, nans = 0, infinities = 0;
};
std::optional<Extremes> extremes(const Tensor& tensor);

}  // namespace acuate
