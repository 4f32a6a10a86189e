#pragma once

#include <optional>
#include <span>
#include <vector>

#include "shape/rule.h"

namespace acuate {

// Axis and broadcasting logic of all rules (ONNX, "Broadcasting in ONNX").

// In [0, rank) from [−rank, rank); refuses what lies outside.
std::optional<size_t> axis_of(RuleContext& context, int64_t axis, size_t rank);
// The same for several, sorted; refuses duplicates.
std::optional<std::vector<size_t>> axes_of(RuleContext& context, std::span<const int64_t> axes,
                                           size_t rank);

// The shape that the inputs in these slots broadcast to; nothing where a rank is unknown or, with a
// refusal that names both, where two do not fit.
std::optional<Dims> broadcast_inputs(RuleContext& context, std::span<const size_t> slots);
// The same of two shapes, with the words for the refusal.
std::optional<Dims> broadcast_dims(RuleContext& context, const Dims& a, const Dims& b);

Expr product(std::span<const Expr> dims);

// Two dimensions that must be the same: the better known one; refuses two different numbers.
Expr unify(RuleContext& context, Expr a, Expr b, std::string_view what);

}  // namespace acuate
