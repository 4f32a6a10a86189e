#include <cmath>

#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// `data` ∘ `constant` of an Add, Sub, Mul or Div.
struct Operation {
  Value* data = nullptr;
  const Value* constant = nullptr;  // float32
  bool is_product = false;          // Mul or Div
  bool is_inverse = false;          // Sub or Div
};

std::optional<Operation> operation(const Node& node) {
  const bool add = node.is_op("Add"), sub = node.is_op("Sub"), mul = node.is_op("Mul"),
             div = node.is_op("Div");
  if ((!add && !sub && !mul && !div) || node.attribute("axis") != nullptr || !node.output())
    return std::nullopt;
  for (const size_t slot : {1, 0}) {
    if (slot == 0 && (sub || div)) break;
    Value* data = node.input(1 - slot);
    if (data == nullptr || data->is_constant()) continue;
    const Value* constant = node.input(slot);
    if (constant != nullptr && constant->is_constant() &&
        constant->initializer->type == ElementType::Float)
      return Operation{data, constant, mul || div, sub || div};
  }
  return std::nullopt;
}

// The shape that two broadcast to; nothing where they do not.
std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) return std::nullopt;
    out[out.size() - 1 - i] = x == 1 ? y : x;
  }
  return out;
}

// The flat index in a tensor of `shape` of element `index` of the tensor that it broadcasts to.
size_t broadcast_index(const Shape& shape, const Shape& whole, size_t index) {
  size_t out = 0, stride = 1;
  for (size_t i = 0; i < whole.size(); ++i) {
    const auto size = static_cast<size_t>(whole[whole.size() - 1 - i]);
    const size_t at = index % size;
    index /= size;
    if (i >= shape.size() || shape[shape.size() - 1 - i] == 1) continue;
    out += at * stride;
    stride *= size;
  }
  return out;
}

// (x ∘ a) ∘ b = x ∘ c, with c in double precision rounded once. A quotient of quotients stays a
// Div, so that x / a / b keeps its kind.
std::optional<std::string> combine(const Operation& inner, const Operation& outer, bool is_inverse,
                                   const Shape& shape, Tensor& out) {
  const auto first = float_constant(inner.constant), second = float_constant(outer.constant);
  if (!first || !second) return "a constant cannot be read";
  out = Tensor::allocate(ElementType::Float, shape);
  const auto a = first->values<float>(), b = second->values<float>();
  const auto to = out.mutable_values<float>();
  for (size_t i = 0; i < to.size(); ++i) {
    const double x = a[broadcast_index(first->shape(), shape, i)];
    const double y = b[broadcast_index(second->shape(), shape, i)];
    double value = 0;
    if (!outer.is_product)
      value = (inner.is_inverse ? -x : x) + (outer.is_inverse ? -y : y);
    else if (is_inverse)
      value = x * y;
    else
      value = (inner.is_inverse ? 1 / x : x) * (outer.is_inverse ? 1 / y : y);
    to[i] = static_cast<float>(value);
    if (!std::isfinite(to[i]) || (outer.is_product && !std::isnormal(to[i])))
      return "the combined constant would leave the normal range of float32";
  }
  return std::nullopt;
}

// Told from the outer node.
std::optional<std::string> fuse(Node& node, const PassContext& context) {
  const auto outer = operation(node);
  if (!outer || outer->data->producer == nullptr) return "";
  Node& first = *outer->data->producer;
  const auto inner = operation(first);
  if (!inner || inner->is_product != outer->is_product) return "";
  Value& made = *outer->data;
  if (made.graph != &node.graph() || sole_reader(made) == nullptr)
    return "the result in between has another use";
  const auto shape =
      broadcast(inner->constant->initializer->shape, outer->constant->initializer->shape);
  if (!shape) return "";
  const uint64_t largest = std::max(inner->constant->initializer->size_bytes(),
                                    outer->constant->initializer->size_bytes());
  const auto size = tensor_size_bytes(ElementType::Float, *shape);
  if (!size || *size > std::max<uint64_t>(largest, context.max_folded_bytes))
    return "the combined constant would grow the model";
  const bool is_inverse = outer->is_product && inner->is_inverse && outer->is_inverse;
  Tensor constant;
  if (auto reason = combine(*inner, *outer, is_inverse, *shape, constant)) return reason;
  const auto both = merged_origins(first, node);
  if (auto reason = absorb(node, made)) return reason;
  first.set_op_type(!outer->is_product ? "Add" : is_inverse ? "Div" : "Mul");
  replace_constant(first, first.input(0) == inner->data ? 1 : 0, constant);
  set_origins(first, both);
  return std::nullopt;
}

}  // namespace

void register_rewrite_fuse_constant_operands(PassRegistry& registry) {
  registry.add({.id = "fuse_constant_operands",
                .doc = "Two Add or Sub of constants in a row become one, as do two Mul or Div.",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= 2^-22 * |y| for products, and 2^-22 * (|x| + |a| + |b|) for "
                         "sums, where no result in between overflows or underflows",
                .phase = Phase::Fuse,
                .after = {"fuse_scale_into_next_conv"},
                .operators = {"Add", "Sub", "Mul", "Div"},
                .rewrite = fuse});
}

}  // namespace acuate
