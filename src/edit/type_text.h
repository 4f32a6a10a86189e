#pragma once

#include <string_view>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// A type as scripts write it and messages show it: `float32[1, 3, h, ?]`, `int64[]` (a scalar),
// `float32[*]` (any rank), `sequence(T)`, `optional(T)`, `map(int64, T)`, `sparse(float32[3, 4])`.
// ONNX's own `float`, `double` and `seq(T)` are understood, too. Names are interned in the model.
Result<ValueType> parse_type_text(Model& model, std::string_view text);

// The type as parse_type_text reads it back, sequences and the like with what they hold.
std::string type_word(const ValueType& type);

// The element type called so, `float` and `double` included; an error names the closest.
Result<ElementType> parse_element_name(std::string_view name);

}  // namespace acuate
