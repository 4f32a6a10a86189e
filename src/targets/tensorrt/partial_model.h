#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// The rest of a model without some of its nodes: their results become inputs. False where that
// leaves nothing, or where a type is not known.
bool take_out(Graph& graph, const std::vector<Node*>& nodes);

// The last node of the shortest prefix for which `fails`, by bisection: log2 of the nodes' number
// of trials. Nothing where the whole model does not fail.
Result<const Node*> first_failing(const Model& model,
                                  const std::function<Result<bool>(const Model&)>& fails);

}  // namespace acuate
