#pragma once

#include <optional>

#include "graph/model.h"

namespace acuate {

// Takes `node` out and lets `source` (one of its inputs) stand for its first output. The names of graph outputs stay.
// Nothing where it worked, else the reason: the output and the source are both visible outside.
std::optional<std::string> bypass(Node& node, Value& source);

// The nodes of the user's model that this one stands for; itself where nothing was merged.
std::vector<std::string> origins(const Node& node);
// Those of both, for a node that is about to stand for two; taken before the merge, which may change addresses.
std::vector<std::string> merged_origins(const Node& into, const Node& from);
// Metadata "acuate.origins" (blueprint §4), a JSON list.
void set_origins(Node& node, const std::vector<std::string>& names);

// The constant as float32 host values where it is a constant of that type.
std::optional<Tensor> float_constant(const Value* value);

}  // namespace acuate
