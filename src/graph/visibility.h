#pragma once

#include "graph/graph.h"

namespace acuate {

// Bodies of control flow find outer values by name. Where a graph between `reader` and the value's
// own has another value of that name, that one gets a new name, so that the reader sees `value`.
void make_visible(const Value& value, Graph& reader);

}  // namespace acuate
