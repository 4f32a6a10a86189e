#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "shape/rule.h"

namespace acuate {

// What many rules ask of their inputs and say of their outputs.

// Output 0 has the type of input 0; a rule as it stands.
bool infer_like_first(RuleContext& context);
// Output `output` has the shape of input `slot` and this element type.
void set_like(RuleContext& context, size_t output, size_t slot, ElementType element);

// Dimension `axis` (negative: from the end) of an input; unknown where its rank is, or too small.
Expr dim_of(const RuleContext& context, size_t slot, int64_t axis);
// The one element of an input whose data is known; else unknown.
Expr scalar_of(const RuleContext& context, size_t slot);
// False, with a refusal, where the rank of an input is known and outside of these bounds.
bool check_rank(RuleContext& context, size_t slot, size_t least, size_t most);
inline bool check_rank(RuleContext& context, size_t slot, size_t rank) {
  return check_rank(context, slot, rank, rank);
}
// False, with a refusal, where both are numbers and differ.
bool check_same(RuleContext& context, Expr found, Expr expected, std::string_view what);

// The element type that an integer attribute names; `fallback` where it is absent or 0.
ElementType element_attribute(const RuleContext& context, std::string_view name,
                              ElementType fallback);
inline ElementType known_or(ElementType element, ElementType fallback) {
  return element == ElementType::Undefined ? fallback : element;
}

// `count` unknown dimensions.
Dims unknown_dims(size_t count);

}  // namespace acuate
