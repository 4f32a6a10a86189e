#pragma once

#include "rewrite/pass.h"
#include "targets/target.h"

namespace acuate {

// Constants folded by the target's engine, without its own optimizations. Empty where the target
// does not run here.
Evaluator make_evaluator(const Target& target);

}  // namespace acuate
