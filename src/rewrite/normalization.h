#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rewrite/pattern.h"

namespace acuate {

// (x − mean) / sqrt(variance + eps), alone and with `gamma` and `beta` behind it, longest first:
// layer normalization (Ba, Kiros and Hinton, section 3.1) and instance normalization differ in the
// axes alone. Names: x, mean, var, eps, gamma, beta.
const std::vector<Pattern>& mean_variance_forms();

// The axes, ascending, that ReduceMean and the like drop to one element each; the reason where they
// are not constant, out of range, or dropped altogether.
std::optional<std::string> reduced_axes(const Node& node, int64_t rank, std::vector<int64_t>& axes);
// The same for both means of a match.
std::optional<std::string> normalized_axes(const Match& match, int64_t rank,
                                           std::vector<int64_t>& axes);

// Adds a constant that is named after what the match makes.
Value* add_constant(const Match& match, const Tensor& tensor, std::string_view suffix);
Tensor filled(const Shape& shape, float number);  // float32

// A float32 constant [C, 1, …] or [1, C, 1, …] that broadcasts to `rank` dimensions, as [C];
// nothing where it is none.
std::optional<Tensor> channel_vector(const Value* parameter, int64_t channels, size_t rank);

}  // namespace acuate
