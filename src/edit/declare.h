#pragma once

#include "base/result.h"
#include "edit/command.h"

namespace acuate {

// Whether a value of type `from` may stand where one of type `to` is meant: the same kind, element
// type and rank, and no two different numbers; what is unknown agrees with everything.
bool types_agree(const ValueType& to, const ValueType& from);

// Whether the graph is the body of a function, or of a node in one: its values have no types of
// their own.
bool is_in_function(const Graph& graph);

// Declares the type of an input or output of the model, or of a value of the main graph or of a
// body of control flow: those that are no inputs keep it until types are inferred again. Refused:
// what contradicts the default value of an input, or what the model computes for others.
Result<void> declare_type(Edit& edit, Value& value, ValueType type);

// The type that callers will see of a value that becomes an input or output: as known, or inferred.
Result<ValueType> type_for_outside(Edit& edit, Value& value);

}  // namespace acuate
