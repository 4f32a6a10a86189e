#pragma once

#include <vector>

#include "base/result.h"
#include "graph/splice.h"

namespace acuate {

// A value of `source` that a value of the edited graph takes the place of: one of its inputs fed by
// `mine`, or one of its outputs that `mine`, which has no producer any more, is computed by.
struct Connection {
  const Value* theirs = nullptr;
  Value* mine = nullptr;
};

// Copies the nodes and constants of `source` into `into`, in front of `before`, with its inputs fed
// and its outputs connected as given; the rest of its values get `prefix` + their names. What a
// source passes through without a node comes by an Identity. `splice.values` tells what stands for
// what then. Errors: types that cannot agree, taken names, an order that would be a cycle.
Result<void> transplant(const Graph& source, Graph& into, const std::vector<Connection>& inputs,
                        const std::vector<Connection>& outputs, Splice& splice, Node* before);

}  // namespace acuate
