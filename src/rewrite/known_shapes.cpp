#include "rewrite/known_shapes.h"

#include <algorithm>

namespace acuate {

bool same_type(const Value& a, const Value& b, const ShapeInference& shapes) {
  const Dims *first = shapes.shape(a), *second = shapes.shape(b);
  return first != nullptr && second != nullptr && *first == *second &&
         a.type.element == b.type.element && a.type.element != ElementType::Undefined;
}

std::optional<Dims> reshape_target(const Node& reshape, const ShapeInference& shapes) {
  const Value *x = reshape.input(0), *shape = reshape.input(1);
  if (x == nullptr || shape == nullptr || reshape.int_attribute("allowzero", 0) != 0)
    return std::nullopt;
  const ShapeData* data = shapes.data(*shape);
  if (data == nullptr || data->denominator != 1) return std::nullopt;
  const Dims* from = shapes.shape(*x);
  Dims target;
  bool has_rest = false;          // a −1 stands there already
  bool may_copy_nothing = false;  // a dimension that depends on data, which may be 0, is copied
  std::optional<size_t> rest;  // what −1 can stand for: the unknown one, else the last, which is
                               // often a product of the others
  for (size_t i = 0; i < data->values.size(); ++i) {
    const Expr element = data->values[i];
    if (element.is_number()) {
      has_rest |= element.is_number(-1);
      target.push_back(element);
    } else if (from != nullptr && i < from->size() && element == (*from)[i]) {
      may_copy_nothing |= element.is_anonymous();
      target.push_back(0);
    } else {
      if (!rest || !target[*rest].is_unknown()) rest = i;
      target.push_back(element);
    }
  }
  if (rest && !has_rest && !may_copy_nothing) target[*rest] = -1;
  // What is left to compute must not turn out to be −1.
  const bool is_safe = std::all_of(target.begin(), target.end(), [](const Expr& element) {
    return element.is_number() || element.lower_bound().value_or(-1) >= 0;
  });
  return is_safe ? std::optional(target) : std::nullopt;
}

}  // namespace acuate
