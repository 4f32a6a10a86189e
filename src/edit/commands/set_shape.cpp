#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/declare.h"
#include "edit/input_dims.h"

namespace acuate {
namespace {

Result<std::vector<Dim>> merge_dims(Edit& edit, const Value& input, std::span<const Token> given) {
  const std::string name = to_valid_utf8(input.name);
  const auto& declared = input.type.shape;
  if (declared && declared->size() != given.size())
    return fail("found {} dimensions for '{}', which is {}; expected {}", given.size(), name,
                input.type.text(), declared->size());
  std::vector<Dim> dims;
  for (size_t i = 0; i < given.size(); ++i) {
    auto dim = parse_dim(edit.model(), given[i].text);
    if (!dim) return edit.blame(given[i], dim.error());
    const Dim old = declared ? (*declared)[i] : Dim{};
    if (dim->is_known() && old.is_known() && *dim != old)
      return edit.blame(given[i], fail("found {} for dimension {} of '{}', which the model fixes "
                                       "to {}; expected {}, or a name or '?' to make it dynamic",
                                       dim->value, i, name, old.value, old.value));
    dims.push_back(*dim);
  }
  return dims;
}

// A name that one input gave up may still stand in another, which then can be fed something else.
void note_other_inputs(Edit& edit, const Value& input, const std::vector<Dim>& old) {
  for (const Dim& dim : old) {
    if (dim.name.empty()) continue;
    for (const Value* other : edit.model().graph().inputs()) {
      if (other == &input || !other->type.shape) continue;
      const auto& dims = *other->type.shape;
      if (std::find(dims.begin(), dims.end(), dim) != dims.end())
        edit.note(fmt::format("dimension '{}' stays in input '{}'; set-dim sets it everywhere",
                              dim.text(), to_valid_utf8(other->name)));
    }
  }
}

// Dims as they stand: what contradicts them is what the model computes.
Result<void> set_computed_shape(Edit& edit, Value& value, std::span<const Token> given) {
  if (value.type.kind == ValueType::Kind::Unknown) edit.refresh_types();
  ValueType type = value.type;
  if (type.kind != ValueType::Kind::Tensor)
    return fail("'{}' is {}; expected a tensor", value_path(value), type.text());
  type.shape.emplace();
  for (const Token& token : given) {
    auto dim = parse_dim(edit.model(), token.text);
    if (!dim) return edit.blame(token, dim.error());
    type.shape->push_back(*dim);
  }
  return declare_type(edit, value, std::move(type));
}

Result<void> set_shape(Edit& edit, std::span<const Token> arguments) {
  const auto value = resolve_value(edit.model(), arguments[0].text);
  if (value && !((*value)->is_input && (*value)->graph == &edit.model().graph()))
    return set_computed_shape(edit, **value, arguments.subspan(1));
  auto input = find_input(edit.model(), arguments[0].text);
  if (!input) return edit.blame(arguments[0], input.error());
  auto dims = merge_dims(edit, **input, arguments.subspan(1));
  if (!dims) return dims.error();
  ValueType type = (*input)->type;
  const std::vector<Dim> old = type.shape.value_or(std::vector<Dim>{});
  type.shape = std::move(*dims);
  (*input)->graph->set_type(**input, std::move(type));
  edit.shapes_changed();
  note_other_inputs(edit, **input, old);
  return {};
}

}  // namespace

void register_edit_set_shape(EditCommandRegistry& registry) {
  registry.add(
      {"set_shape", "set-shape VALUE DIM…", "set-shape x 1 3 640 640",
       "Declares the shape of an input or output, or of an inner value as set-type does: each DIM "
       "a number, or a name or `?` where it stays dynamic. Refused where a number contradicts one "
       "that the model fixes or computes, or the count differs; set-type declares another type "
       "altogether. Behind an input, types are inferred again.",
       2, 64, set_shape});
}

}  // namespace acuate
