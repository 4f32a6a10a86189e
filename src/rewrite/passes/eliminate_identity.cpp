#include <algorithm>

#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

bool all_equal(const std::optional<Tensor>& tensor, float expected) {
  if (!tensor) return false;
  const auto values = tensor->values<float>();
  return std::all_of(values.begin(), values.end(), [&](float value) { return value == expected; });
}

bool same_static_type(const Value& a, const Value& b) {
  return a.type.is_static() && b.type.is_static() && a.type.element == b.type.element &&
         a.type.shape == b.type.shape;
}

// The input that the node hands on unchanged, bit for bit; null where it does something.
Value* unchanged_input(const Node& node) {
  Value* x = node.input(0);
  const Value* y = node.output();
  if (x == nullptr || y == nullptr || !node.domain().empty()) return nullptr;
  const std::string_view op = node.op_type();
  if (op == "Identity") return x;
  if (op == "Dropout") {
    const bool mask_used = node.output(1) != nullptr && !node.output(1)->is_unused();
    const bool training = node.input(2) != nullptr;  // a given training_mode may be true
    return mask_used || training ? nullptr : x;
  }
  if (op == "Cast")
    return x->type.kind == ValueType::Kind::Tensor &&
                   node.int_attribute("to", 0) == static_cast<int64_t>(x->type.element)
               ? x
               : nullptr;
  if (op == "Transpose") {
    const auto perm = node.ints_attribute("perm");
    return !perm.empty() && std::is_sorted(perm.begin(), perm.end()) ? x : nullptr;
  }
  if (op == "Reshape" || op == "Flatten" || op == "Expand" || op == "Squeeze" || op == "Unsqueeze")
    return same_static_type(*x, *y) ? x : nullptr;
  if (op == "Mul" || op == "Div") {  // by one; adding zero would turn −0 into +0
    if (same_static_type(*x, *y) && all_equal(float_constant(node.input(1)), 1.0F)) return x;
    if (op == "Mul" && node.input(1) != nullptr && same_static_type(*node.input(1), *y) &&
        all_equal(float_constant(x), 1.0F))
      return node.input(1);
  }
  return nullptr;
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  return for_each_node(model, [](Node& node) -> std::optional<std::string> {
    Value* source = unchanged_input(node);
    return source != nullptr ? bypass(node, *source) : "";
  });
}

}  // namespace

void register_rewrite_eliminate_identity(PassRegistry& registry) {
  registry.add(
      {.id = "eliminate_identity",
       .doc = "Takes out nodes that hand their input on unchanged: Identity, Dropout at inference, "
              "Cast to the same type, "
              "Transpose in order, Reshape to the same shape, multiplication and division by one.",
       .exactness = Exactness::Exact,
       .bound = "",
       .phase = Phase::Clean,
       .after = {},
       .run = run});
}

}  // namespace acuate
