#include "shape/operands.h"

#include <fmt/format.h>

namespace acuate {

bool infer_like_first(RuleContext& context) {
  if (const SymbolicType* type = context.type(0)) context.set_type(0, *type);
  return true;
}

void set_like(RuleContext& context, size_t output, size_t slot, ElementType element) {
  const Dims* shape = context.shape(slot);
  context.set(output, element, shape ? std::optional(*shape) : std::nullopt);
}

Expr dim_of(const RuleContext& context, size_t slot, int64_t axis) {
  const Dims* shape = context.shape(slot);
  if (shape == nullptr) return Expr::unknown();
  const auto rank = static_cast<int64_t>(shape->size());
  if (axis < -rank || axis >= rank) return Expr::unknown();
  return (*shape)[static_cast<size_t>(axis < 0 ? axis + rank : axis)];
}

Expr scalar_of(const RuleContext& context, size_t slot) {
  const auto values = context.integers(slot);
  return values && values->size() == 1 ? values->front() : Expr::unknown();
}

bool check_rank(RuleContext& context, size_t slot, size_t least, size_t most) {
  const Dims* shape = context.shape(slot);
  if (shape == nullptr || (shape->size() >= least && shape->size() <= most)) return true;
  return context.refuse(fmt::format("input {} has rank {}, expected {}", slot, shape->size(),
                                    least == most      ? std::to_string(least)
                                    : most == SIZE_MAX ? fmt::format("at least {}", least)
                                                       : fmt::format("{} to {}", least, most)));
}

bool check_same(RuleContext& context, Expr found, Expr expected, std::string_view what) {
  if (!found.is_number() || !expected.is_number() || found == expected) return true;
  return context.refuse(fmt::format("{}: {}, expected {}", what, found.text(), expected.text()));
}

ElementType element_attribute(const RuleContext& context, std::string_view name,
                              ElementType fallback) {
  const int64_t value = context.int_attribute(name, 0);
  return value > 0 && value < 100 ? static_cast<ElementType>(value) : fallback;
}

Dims unknown_dims(size_t count) { return Dims(count, Expr::unknown()); }

}  // namespace acuate
