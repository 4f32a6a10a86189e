#include "base/text.h"
#include "edit/address.h"
#include "edit/body_interface.h"
#include "edit/command.h"
#include "edit/declare.h"
#include "edit/type_text.h"

namespace acuate {
namespace {

Result<void> add_output(Edit& edit, std::span<const Token> arguments) {
  Model& model = edit.model();
  auto resolved = resolve_value(model, arguments[0].text);
  if (!resolved) return edit.blame(arguments[0], resolved.error());
  Value& value = **resolved;
  Graph& graph = *value.graph;
  if (value.is_output())
    return edit.blame(arguments[0], fail("'{}' is an output already", value_path(value)));
  if (!value.is_defined())
    return edit.blame(arguments[0], fail("nothing defines '{}'; expected an output of a node, a "
                                         "constant or an input",
                                         value_path(value)));
  const bool is_main = &graph == &model.graph();
  Result<ValueType> type = value.type;
  if (arguments.size() == 2) {
    type = parse_type_text(model, arguments[1].text);
    if (!type) return edit.blame(arguments[1], type.error());
    if (is_main) edit.refresh_types();
    if (!types_agree(*type, value.type))
      return edit.blame(
          arguments[1],
          fail("found {}, but '{}' is {}", type->text(),
               value.producer ? node_path(*value.producer) : value_path(value), value.type.text()));
  } else if (is_main) {
    type = type_for_outside(edit, value);
    if (!type) return edit.blame(arguments[0], type.error());
  }
  graph.add_output(value);
  // Declares the type, which is not written for inner values.
  if (type->kind != ValueType::Kind::Unknown && value.producer != nullptr &&
      (is_main || graph.owner() != nullptr))
    graph.set_type(value, ValueType(*type));
  watch_body(edit, graph);
  return {};
}

}  // namespace

void register_edit_add_output(EditCommandRegistry& registry) {
  registry.add(
      {"add_output", "add-output VALUE [TYPE]", "add-output conv_out",
       "Makes a value an output of its graph, after those there are: of the model, with the "
       "inferred type unless TYPE is given; of a function; of a body of If, Loop or Scan, which "
       "must fit its node when the script is done.",
       1, 2, add_output});
}

}  // namespace acuate
