#include "shape/axes.h"

#include <algorithm>

#include <fmt/format.h>

namespace acuate {

std::optional<size_t> axis_of(RuleContext& context, int64_t axis, size_t rank) {
  const auto size = static_cast<int64_t>(rank);
  if (axis < -size || axis >= size) {
    context.refuse(fmt::format("axis {} lies outside of rank {}", axis, rank));
    return std::nullopt;
  }
  return static_cast<size_t>(axis < 0 ? axis + size : axis);
}

std::optional<std::vector<size_t>> axes_of(RuleContext& context, std::span<const int64_t> axes,
                                           size_t rank) {
  std::vector<size_t> out;
  for (const int64_t axis : axes) {
    const auto position = axis_of(context, axis, rank);
    if (!position) return std::nullopt;
    out.push_back(*position);
  }
  std::sort(out.begin(), out.end());
  if (const auto twice = std::adjacent_find(out.begin(), out.end()); twice != out.end()) {
    context.refuse(fmt::format("axis {} is given twice", *twice));
    return std::nullopt;
  }
  return out;
}

std::optional<Dims> broadcast_dims(RuleContext& context, const Dims& a, const Dims& b) {
  const Dims& longer = a.size() >= b.size() ? a : b;
  const Dims& shorter = a.size() >= b.size() ? b : a;
  Dims out = longer;
  const size_t offset = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    const Expr x = longer[offset + i], y = shorter[i];
    if (x.is_number() && y.is_number() && !x.is_number(1) && !y.is_number(1) && !(x == y)) {
      context.refuse(fmt::format("{} and {} do not broadcast at axis {} (from the end: {})",
                                 x.text(), y.text(), offset + i, shorter.size() - i));
      return std::nullopt;
    }
    out[offset + i] = broadcast(x, y);
  }
  return out;
}

std::optional<Dims> broadcast_inputs(RuleContext& context, std::span<const size_t> slots) {
  std::optional<Dims> out;
  for (const size_t slot : slots) {
    const Dims* shape = context.shape(slot);
    if (shape == nullptr) return std::nullopt;
    out = out ? broadcast_dims(context, *out, *shape) : *shape;
    if (!out) return std::nullopt;
  }
  return out;
}

Expr product(std::span<const Expr> dims) {
  Expr out = 1;
  for (const Expr& dim : dims) out = out * dim;
  return out;
}

Expr unify(RuleContext& context, Expr a, Expr b, std::string_view what) {
  if (a.is_number() && b.is_number() && !(a == b))
    context.refuse(fmt::format("{}: {} against {}", what, a.text(), b.text()));
  if (b.is_number() || a.is_unknown() || (a.is_anonymous() && !b.is_unknown())) return b;
  return a;
}

}  // namespace acuate
