#pragma once

#include <functional>
#include <optional>
#include <span>

#include "graph/model.h"
#include "rewrite/pass.h"

namespace acuate {

// Takes `node` out and lets `source` (one of its inputs, or another value that means the same and
// is made before) stand for its first output; what only the node read goes too. The names of graph
// outputs stay. Nothing where it worked, else the reason: the output and the source are both
// visible outside.
std::optional<std::string> bypass(Node& node, Value& source);
// The same for a source that will hold what `node` gave, not what it held: it takes that name too,
// so that a tensor's name means the same values in every form of the model.
std::optional<std::string> absorb(Node& node, Value& source);

// Makes an inner value a constant under its name. Its node goes, and what only that one kept;
// where the node makes other values that are read, a new constant takes the place of this one.
void become_constant(Value& value, const Tensor& tensor);

// Removes the node that makes this value where nothing reads any of its outputs, and in turn what
// only that one kept. Initializers stay for eliminate_dead_code.
void remove_unused(Value& value);

// The nodes of the user's model that this one stands for; itself where nothing was merged.
std::vector<std::string> origins(const Node& node);
// Those of both, for a node that is about to stand for two; taken before the merge, which may
// change addresses.
std::vector<std::string> merged_origins(const Node& into, const Node& from);
// Metadata "acuate.origins" (blueprint §4), a JSON list.
void set_origins(Node& node, const std::vector<std::string>& names);

// Those of the others that are removed by now, for a node that took their place; linear in all of
// their lists, so that a chain is merged at once rather than pair by pair.
void add_origins_of_removed(Node& node, std::span<const Node* const> others);

// Tries `rewrite` on every node, bodies included, function bodies left out. It returns nothing
// where it applied, the reason where the pattern was there but did not fit, and an empty text where
// it was not there; it may remove the node.
Result<PassOutcome> for_each_node(Model& model,
                                  const std::function<std::optional<std::string>(Node&)>& rewrite);

// Gives the node this constant in place of the one that it reads there; others that read the old
// one keep it.
void replace_constant(Node& node, size_t slot, const Tensor& tensor,
                      std::string_view new_name = "weight");

// The constant as float32 host values where it is a constant of that type.
std::optional<Tensor> float_constant(const Value* value);

}  // namespace acuate
