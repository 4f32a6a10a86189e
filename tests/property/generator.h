#pragma once

#include "property/onnx_run.h"

namespace acuate::property {

// A valid model with inputs that it takes, the same for the same seed, engine and version.
struct Case {
  uint64_t seed = 0;
  bool tame = false;   // outputs may be compared with a tolerance
  double largest = 1;  // of all finite values in it, on `inputs`
  onnx::ModelProto model;
  Values inputs;
  // Values of other dimensions where dimensions have names. The model may refuse them: constants
  // may have been made for the first ones.
  Values other_inputs;
};

Case generate(uint64_t seed);

}  // namespace acuate::property
