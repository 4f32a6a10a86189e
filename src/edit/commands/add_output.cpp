#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"

namespace acuate {
namespace {

Result<void> add_output(Edit& edit, std::span<const Token> arguments) {
  Model& model = edit.model();
  auto resolved = resolve_value(model, arguments[0].text);
  if (!resolved) return edit.blame(arguments[0], resolved.error());
  Value& value = **resolved;
  const std::string path = value_path(value);
  if (value.graph != &model.graph())
    return edit.blame(arguments[0], fail("'{}' stands in the body of a node; expected a value of "
                                         "the main graph",
                                         path));
  if (value.is_output()) return edit.blame(arguments[0], fail("'{}' is an output already", path));
  if (value.producer == nullptr)
    return edit.blame(arguments[0],
                      fail("'{}' is not computed by a node; expected the output of one", path));
  if (value.type.kind == ValueType::Kind::Unknown) edit.refresh_types();
  if (value.type.kind == ValueType::Kind::Unknown)
    return edit.blame(arguments[0],
                      fail("the type of '{}' cannot be inferred, and ONNX asks for it in an "
                           "output; simplify the model or choose another value",
                           path));
  // Declares the inferred type, which is not written for inner values.
  const ValueType type = value.type;
  model.graph().add_output(value);
  model.graph().set_type(value, type);
  return {};
}

}  // namespace

void register_edit_add_output(EditCommandRegistry& registry) {
  registry.add(
      {"add_output", "add-output VALUE", "add-output conv_out",
       "Makes a value that a node of the main graph computes an output of the model, after "
       "those there are.",
       1, 1, add_output});
}

}  // namespace acuate
