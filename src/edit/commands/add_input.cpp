#include "base/text.h"
#include "edit/address.h"
#include "edit/body_interface.h"
#include "edit/command.h"
#include "edit/new_value.h"
#include "edit/type_text.h"

namespace acuate {
namespace {

// A new name, a value that nothing defines, or a constant.
Result<Value*> value_to_feed(Model& model, const std::string& path) {
  auto found = value_at(place_of_new(model, path));
  if (!found) return found.error();
  const Value* value = *found;
  if (value->is_input) return fail("'{}' is an input already", value_path(*value));
  if (value->producer != nullptr)
    return fail("'{}' is computed by '{}'; extract makes it an input", value_path(*value),
                node_path(*value->producer));
  if (value->is_sparse_initializer)
    return fail("'{}' is a sparse initializer; expected another value", value_path(*value));
  return found;
}

Result<void> add_input(Edit& edit, std::span<const Token> arguments) {
  Model& model = edit.model();
  auto found = value_to_feed(model, arguments[0].text);
  if (!found) return edit.blame(arguments[0], found.error());
  Value& value = **found;
  Graph& graph = *value.graph;
  if (graph.owner() != nullptr && graph.owner()->is_op("If"))
    return edit.blame(arguments[0], fail("the branches of an If have no inputs; they read the "
                                         "values around them"));
  ValueType type = value.type;
  if (arguments.size() == 2) {
    auto parsed = parse_type_text(model, arguments[1].text);
    if (!parsed) return edit.blame(arguments[1], parsed.error());
    type = *std::move(parsed);
  }
  const bool is_main = &graph == &model.graph();
  if (is_main && type.kind == ValueType::Kind::Unknown)
    return fail("found no type for '{}'; expected one: add-input {} float32[1, 3, h, w]",
                to_valid_utf8(value.name), to_valid_utf8(arguments[0].text));
  if (value.initializer && arguments.size() == 2)
    return edit.blame(arguments[1], fail("'{}' has the type of its constant; expected no other",
                                         to_valid_utf8(value.name)));
  std::vector<Value*> inputs = graph.inputs();
  inputs.push_back(&value);
  graph.set_inputs(inputs);
  if (type.kind != ValueType::Kind::Unknown && (is_main || graph.owner() != nullptr))
    graph.set_type(value, std::move(type));
  watch_body(edit, graph);
  edit.types_changed();
  return {};
}

}  // namespace

void register_edit_add_input(EditCommandRegistry& registry) {
  registry.add(
      {"add_input", "add-input NAME [TYPE]", "add-input mask float32[batch, 1, h, w]",
       "Adds an input after those there are: a new name, a value that is read and that nothing "
       "defines, or a constant, which becomes its default value. TYPE is `float32[1, 3, h, ?]`, "
       "`int64[]` (a scalar), `float32[*]` (any rank), `sequence(T)`, `optional(T)` or "
       "`map(K, T)`. Functions and the bodies of Loop and Scan get inputs, too; a body must fit "
       "its node when the script is done.",
       1, 2, add_input});
}

}  // namespace acuate
