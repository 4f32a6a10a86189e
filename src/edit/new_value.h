#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "edit/address.h"

namespace acuate {

// The graph and every body below it.
std::vector<const Graph*> graphs_below(const Graph& graph);

// The value called `name` in, around or below the graph; null where the name is free there.
const Value* value_around(const Graph& graph, std::string_view name);

// The value of that name in its graph, or a new one there. Refused where the name is empty or
// stands for another value around the graph or below it.
Result<Value*> value_at(const Place& place);
// The same for a value that is about to be computed: new, or one that nothing defines.
Result<Value*> undefined_value_at(const Place& place);

}  // namespace acuate
