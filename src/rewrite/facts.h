#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/model.h"

namespace acuate {

// What passes may rely on about values. A dimension equals another where both have the same number
// or the same name; two nameless unknowns may differ.
bool same_dim(const Dim& a, const Dim& b);
bool same_shape(const Value& a,
                const Value& b);  // both tensors of known rank, dimension by dimension
bool same_type(const Value& a, const Value& b);  // element type too

// A tensor's rank, nothing where it is unknown.
std::optional<int64_t> rank_of(const Value* value);
// An axis counted from the front, nothing where it lies outside.
std::optional<int64_t> normalized_axis(int64_t axis, int64_t rank);

// The elements of a constant of integers (int64 or int32; up to 4,096 elements), in order.
std::optional<std::vector<int64_t>> int_constant(const Value* value);
// Whether every element of a numeric constant of up to 4,096 elements equals `expected`; −0 and 0
// are told apart.
bool is_constant_of(const Value* value, double expected);

// The number in a constant of one element of a float or integer type.
std::optional<double> scalar_constant(const Value* value);

// The axes of a node that has them as an attribute or, from some opset on, as input `slot`;
// nothing where they are not constant; empty where there are none.
std::optional<std::vector<int64_t>> axes_of(const Node& node, size_t slot);

// Whether two runs of the node on the same inputs give the same outputs, as far as can be told: an
// operator of the standard domains that draws no random numbers, without bodies.
bool is_deterministic(const Node& node);

// The one node that reads the value, null where there are none or more, or it is visible outside
// (a graph output, or read from a body).
Node* sole_reader(const Value& value);

}  // namespace acuate
