// Sequences and optionals. A sequence that only its declaration describes is the library's.
#include <fmt/format.h>

#include "shape/axes.h"
#include "shape/operands.h"

namespace acuate {
namespace {

using Kind = ValueType::Kind;

// Null where input `slot` is no sequence (or optional) whose elements are known.
const SymbolicType* item_of(const RuleContext& context, size_t slot) {
  const SymbolicType* type = context.type(slot);
  return type != nullptr ? type->item.get() : nullptr;
}

bool infer_construct(RuleContext& context) {
  std::optional<SymbolicType> item;
  for (size_t slot = 0; slot < context.input_count(); ++slot) {
    const SymbolicType* type = context.type(slot);
    if (type == nullptr) return false;
    if (item && item->element != type->element)
      return context.refuse(fmt::format("its elements are {} and {}",
                                        element_type_name(item->element),
                                        element_type_name(type->element)));
    item = item ? common_type(*item, *type) : *type;
  }
  if (!item) return context.refuse("it has no inputs");
  context.set_type(0, SymbolicType::sequence(std::move(*item)));
  return true;
}

bool infer_empty(RuleContext& context) {
  context.set_type(0, SymbolicType::sequence(SymbolicType::tensor(
                          element_attribute(context, "dtype", ElementType::Float), std::nullopt)));
  return true;
}

bool infer_at(RuleContext& context) {
  const SymbolicType* item = item_of(context, 0);
  if (item == nullptr) return false;
  context.set_type(0, *item);
  return true;
}

bool infer_insert(RuleContext& context) {
  const SymbolicType *item = item_of(context, 0), *added = context.type(1);
  if (item == nullptr || added == nullptr) return false;
  context.set_type(0, SymbolicType::sequence(common_type(*item, *added)));
  return true;
}

bool infer_erase(RuleContext& context) {
  return item_of(context, 0) != nullptr && infer_like_first(context);
}

bool infer_length(RuleContext& context) {
  context.set(0, ElementType::Int64, Dims{});
  return true;
}

// Parts of one size (a scalar; the last may be smaller), of given sizes, or single elements.
bool infer_split(RuleContext& context) {
  const Dims* shape = context.shape(0);
  if (shape == nullptr) return false;
  const auto axis = axis_of(context, context.int_attribute("axis", 0), shape->size());
  if (!axis) return false;
  Dims item = *shape;
  const auto place = item.begin() + static_cast<std::ptrdiff_t>(*axis);
  if (!context.has_input(1)) {
    if (context.int_attribute("keepdims", 1) == 1)
      *place = 1;
    else
      item.erase(place);
  } else {
    const auto sizes = context.integers(1);
    const Dims* shape_of_sizes = context.shape(1);
    const Expr whole = *place;
    *place = Expr::unknown();
    if (sizes && !sizes->empty() && shape_of_sizes) {
      bool is_even = true;
      for (const Expr& size : *sizes) is_even &= size == sizes->front();
      if (shape_of_sizes->empty()) is_even = mod(whole, sizes->front()).is_number(0);
      if (is_even) *place = sizes->front();
    }
  }
  context.set_type(
      0, SymbolicType::sequence(SymbolicType::tensor(context.element(0), std::move(item))));
  return true;
}

bool infer_concat(RuleContext& context) {
  const SymbolicType* item = item_of(context, 0);
  if (item == nullptr) return false;
  std::optional<Dims> out;
  if (item->shape) {
    const bool is_new = context.int_attribute("new_axis", 0) != 0;
    out = item->shape;
    const auto axis = axis_of(context, context.int_attribute("axis", 0), out->size() + is_new);
    if (!axis) return false;
    const auto place = out->begin() + static_cast<std::ptrdiff_t>(*axis);
    if (is_new)
      out->insert(place, Expr::unknown());
    else
      *place = Expr::unknown();
  }
  context.set(0, item->element, std::move(out));
  return true;
}

bool infer_optional(RuleContext& context) {
  const SymbolicType* type = context.type(0);
  if (type == nullptr) return false;  // its attribute says what it would hold
  context.set_type(0, SymbolicType::optional(*type));
  return true;
}
// Since opset 18 also of what is no optional.
bool infer_get_element(RuleContext& context) {
  const SymbolicType* type = context.type(0);
  if (type == nullptr) return false;
  if (type->kind != Kind::Optional) return infer_like_first(context);
  if (type->item == nullptr) return false;
  context.set_type(0, *type->item);
  return true;
}
bool infer_has_element(RuleContext& context) {
  context.set(0, ElementType::Bool, Dims{});
  return true;
}

}  // namespace

void register_shape_sequence(ShapeFamilyRegistry& registry) {
  registry.add({.id = "sequence",
                .doc = "sequences and optionals",
                .operators = {{"", "SequenceConstruct", false, infer_construct},
                              {"", "SequenceEmpty", false, infer_empty},
                              {"", "SequenceAt", false, infer_at},
                              {"", "SequenceInsert", false, infer_insert},
                              {"", "SequenceErase", false, infer_erase},
                              {"", "SequenceLength", false, infer_length},
                              {"", "SplitToSequence", false, infer_split},
                              {"", "ConcatFromSequence", false, infer_concat},
                              {"", "Optional", false, infer_optional},
                              {"", "OptionalGetElement", false, infer_get_element},
                              {"", "OptionalHasElement", false, infer_has_element}}});
}

}  // namespace acuate
