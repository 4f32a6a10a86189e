#include <algorithm>

#include "rewrite/facts.h"
#include "rewrite/known_shapes.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// `x op neutral`, and `neutral op x` where the operator is commutative. The result must not be
// broadcast to more than x is.
Value* beside_neutral(const Node& node, double neutral, bool commutative) {
  for (const size_t slot : {size_t{1}, size_t{0}}) {
    if (slot == 0 && !commutative) break;
    Value* x = node.input(1 - slot);
    if (x != nullptr && is_constant_of(node.input(slot), neutral) && same_type(*x, *node.output()))
      return x;
  }
  return nullptr;
}

bool is_float(const Value& value) { return is_floating_point(value.type.element); }

Value* arithmetic_identity(const Node& node) {
  const std::string_view op = node.op_type();
  if (op == "Mul") return beside_neutral(node, 1, true);
  if (op == "Div") return beside_neutral(node, 1, false);
  // For floating point x + 0 would turn −0 into +0, and x + (−0) is x; the other way for x − 0.
  const bool floating = is_float(*node.output());
  if (op == "Add") return beside_neutral(node, floating ? -0.0 : 0.0, true);
  if (op == "Sub") return beside_neutral(node, 0.0, false);
  if (op == "And") return beside_neutral(node, 1, true);
  if (op == "Or") return beside_neutral(node, 0, true);
  return nullptr;
}

bool is_opening(int64_t start, int64_t end, int64_t step, const Dim& dim) {
  if (step != 1) return false;
  const bool whole = end >= INT32_MAX || (dim.is_known() && end >= dim.value);
  return whole && (start == 0 || (dim.is_known() && start <= -dim.value) || start <= -INT32_MAX);
}

// A Slice that takes all of every axis that it names.
bool slices_nothing(const Node& node) {
  const Value& x = *node.input(0);
  const auto rank = rank_of(&x);
  if (!rank || node.input_count() < 3) return false;  // opset 9 has attributes: leave it
  const auto starts = int_constant(node.input(1)), ends = int_constant(node.input(2));
  if (!starts || !ends || starts->size() != ends->size()) return false;
  std::vector<int64_t> axes(starts->size()), steps(starts->size(), 1);
  for (size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<int64_t>(i);
  if (node.input(3) != nullptr) {
    const auto given = int_constant(node.input(3));
    if (!given || given->size() != axes.size()) return false;
    axes = *given;
  }
  if (node.input(4) != nullptr) {
    const auto given = int_constant(node.input(4));
    if (!given || given->size() != axes.size()) return false;
    steps = *given;
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = normalized_axis(axes[i], *rank);
    if (!axis || !is_opening((*starts)[i], (*ends)[i], steps[i],
                             (*x.type.shape)[static_cast<size_t>(*axis)]))
      return false;
  }
  return true;
}

bool pads_nothing(const Node& node) {
  if (node.attribute("pads") != nullptr) {
    const auto pads = node.ints_attribute("pads");
    return std::all_of(pads.begin(), pads.end(), [](int64_t pad) { return pad == 0; });
  }
  return is_constant_of(node.input(1), 0);
}

// The input that the node hands on unchanged, bit for bit; null where it does something.
Value* unchanged_input(const Node& node, const ShapeInference& shapes) {
  Value* x = node.input(0);
  const Value* y = node.output();
  if (x == nullptr || y == nullptr) return nullptr;
  const std::string_view op = node.op_type();
  if (op == "Identity") return x;
  if (op == "Dropout") {
    const bool mask_used = node.output(1) != nullptr && !node.output(1)->is_unused();
    const bool training = node.input(2) != nullptr && !is_constant_of(node.input(2), 0);
    return mask_used || training ? nullptr : x;
  }
  if (op == "Cast")
    return x->type.kind == ValueType::Kind::Tensor &&
                   node.int_attribute("to", 0) == static_cast<int64_t>(x->type.element)
               ? x
               : nullptr;
  if (op == "CastLike") {
    const Value* like = node.input(1);
    return like != nullptr && like->type.element != ElementType::Undefined &&
                   like->type.element == x->type.element
               ? x
               : nullptr;
  }
  if (op == "Transpose") {
    const auto perm = node.ints_attribute("perm");
    if (perm.empty()) return rank_of(x).value_or(2) < 2 ? x : nullptr;
    return std::is_sorted(perm.begin(), perm.end()) ? x : nullptr;
  }
  // As many elements in the same order: the same shape is the same tensor.
  if (op == "Reshape" || op == "Flatten" || op == "Expand" || op == "Squeeze" || op == "Unsqueeze")
    return same_type(*x, *y, shapes) ? x : nullptr;
  if (op == "Concat" || op == "Sum" || op == "Max" || op == "Min" || op == "Mean")
    return node.input_count() == 1 ? x : nullptr;
  if (op == "Split") return node.outputs().size() == 1 && same_type(*x, *y) ? x : nullptr;
  if (op == "Slice") return slices_nothing(node) ? x : nullptr;
  if (op == "Pad") return pads_nothing(node) ? x : nullptr;
  if (op == "Tile") return is_constant_of(node.input(1), 1) ? x : nullptr;
  if (op == "Where") {
    if (is_constant_of(x, 1) && node.input(1) && same_type(*node.input(1), *y))
      return node.input(1);
    if (is_constant_of(x, 0) && node.input(2) && same_type(*node.input(2), *y))
      return node.input(2);
    return nullptr;
  }
  return arithmetic_identity(node);
}

std::optional<std::string> rewrite(Node& node, const PassContext& context) {
  Value* source = unchanged_input(node, *context.shapes);
  return source != nullptr ? bypass(node, *source) : "";
}

}  // namespace

void register_rewrite_eliminate_identity(PassRegistry& registry) {
  registry.add(
      {.id = "eliminate_identity",
       .doc = "Takes out nodes that hand their input on unchanged: Identity, Dropout at inference, "
              "Cast to the same type, Transpose in order, Reshape, Squeeze, Unsqueeze, Flatten and "
              "Expand to the same shape, Slice of everything, Pad by nothing, Tile once, Concat of "
              "one, Where with a constant condition, multiplication and division by one, "
              "subtraction of zero, addition of the zero that changes no sign.",
       .phase = Phase::Clean,
       .operators = {"Identity", "Dropout", "Cast",    "CastLike",  "Transpose", "Reshape",
                     "Flatten",  "Expand",  "Squeeze", "Unsqueeze", "Concat",    "Sum",
                     "Max",      "Min",     "Mean",    "Split",     "Slice",     "Pad",
                     "Tile",     "Where",   "Mul",     "Div",       "Add",       "Sub",
                     "And",      "Or"},
       .rewrite = rewrite});
}

}  // namespace acuate
