#pragma once

#include <optional>
#include <vector>

#include "diagnose/rule.h"

namespace acuate {

// What goes to the target as the shadow stands; nothing where it is not sorted, or where values
// that are no tensors would have to cross a border.
std::optional<ShadowDivision> divide_shadow(const Model& shadow, const Judgement& judgement,
                                            const PartitionCosts* costs);

// What it would bring if reasons were gone, one for each entry of `judged`, a node of the shadow:
// nodes that have no other become the target's, and the shadow is divided anew. Coverage counts
// nodes of the shadow. Empty where it changes nothing, and beyond the work that all worths of a
// diagnosis may take together (ShadowDivision::nodes_left).
Worth worth_of(const DiagnoseContext& context, const std::vector<const Node*>& judged);

}  // namespace acuate
