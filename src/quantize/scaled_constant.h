#pragma once

#include <string>

#include "base/result.h"
#include "base/text.h"
#include "rewrite/surgery.h"

namespace acuate {

// Whether the value is a float32 constant that one node alone reads.
inline bool is_own_constant(const Value* value) {
  return value != nullptr && value->is_constant() && value->uses().size() == 1 &&
         value->initializer->type == ElementType::Float;
}

// Writes a node's own constant scaled by `factor(i)`, i being the place in the flat constant, under
// its name. Errors: it cannot be read.
template <class Factor>
Result<void> scale_constant(Node& node, size_t slot, Factor factor) {
  const std::string name(node.input(slot)->name);
  auto old = float_constant(node.input(slot));
  if (!old) return fail("weights '{}' of '{}' cannot be read", to_valid_utf8(name), node.address());
  Tensor scaled = Tensor::allocate(ElementType::Float, old->shape());
  const auto from = old->values<float>();
  const auto to = scaled.mutable_values<float>();
  for (size_t i = 0; i < from.size(); ++i) to[i] = from[i] * factor(i);
  Value* value = node.input(slot);
  node.graph().remove_initializer(*value);
  node.graph().set_initializer(*value, scaled);
  return {};
}

}  // namespace acuate
