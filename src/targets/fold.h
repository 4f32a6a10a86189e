#pragma once

#include "rewrite/pass.h"
#include "targets/target.h"

namespace acuate {

// Constants folded by ONNX Runtime, without its own optimizations, or by the target's engine where
// that is not here. Empty where the target does not run here.
Evaluator make_evaluator(const Target& target);

}  // namespace acuate
