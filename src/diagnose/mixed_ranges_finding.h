#pragma once

#include "diagnose/finding.h"
#include "diagnose/rule.h"
#include "numeric/mixed_ranges.h"

namespace acuate {

// The finding for a Concat, told on a node of the user's model, with the cut before it as the fix
// where nothing is multiplied behind it.
Finding mixed_ranges_finding(const Model& original, const Node& node, const MixedConcat& mixed,
                             const ModelModuleTree& modules);

}  // namespace acuate
