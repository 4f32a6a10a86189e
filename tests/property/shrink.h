#pragma once

#include "property/properties.h"

namespace acuate::property {

// A smaller case that fails the same property: outputs and nodes go one after another as long as it
// does, what they computed becoming constants or inputs.
Case shrink(Case failing, const Failure& failure);

// The case for a bug report: seed, property, what happened, the model as ONNX text.
std::string describe(const Case& made, const Failure& failure);

}  // namespace acuate::property
