#include <algorithm>
#include <cmath>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

bool is_finite(const Value* value) {
  const auto numbers = known_reals(value);
  return numbers && std::all_of(numbers->begin(), numbers->end(), [](double number) {
           return std::isfinite(number) && !(number == 0 && std::signbit(number));
         });
}

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  Value* a = node.input(1);
  Value* b = node.input(2);
  if (!is_finite(a) || !is_finite(b))
    return "its choices are not constants of finite floats, and 0 * infinity is none of them";
  const ElementType element = a->initializer ? a->initializer->type : a->type.element;
  if (element != ElementType::Float) return "its choices are not float32";
  Expansion out(node, context);
  Value* first = out.add("Cast", {node.input(0)}, {{"to", int64_t{1}}});
  Value* one = out.constant(Tensor::of<float>({}, {1.0F}));
  Value* second = out.add("Sub", {one, first});
  return out.finish(out.add("Add", {out.add("Mul", {first, a}), out.add("Mul", {second, b})}));
}

}  // namespace

void register_rewrite_legalize_where(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_where",
                .doc = "Where between two finite constants becomes c * a + (1 - c) * b.",
                .exactness = Exactness::Exact,
                .operators = {"Where"},
                .uses = {"Cast", "Mul", "Add", "Sub"},
                .rewrite = rewrite});
}

}  // namespace acuate
