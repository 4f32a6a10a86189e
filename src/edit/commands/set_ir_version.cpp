#include "base/text.h"
#include "edit/command.h"

namespace acuate {
namespace {

// From this version on, constants need not stand among the inputs (onnx/docs/IR.md).
constexpr int64_t kConstantsApart = 4;

Result<void> set_ir_version(Edit& edit, std::span<const Token> arguments) {
  Model& model = edit.model();
  const auto version = parse_int(arguments[0].text);
  if (!version || *version < 1 || *version > 1'000)
    return edit.blame(arguments[0], fail("found the version '{}'; expected a number from 1",
                                         to_valid_utf8(arguments[0].text)));
  if (*version < kConstantsApart)
    for (const Graph* graph : model.all_graphs())
      for (const Value* constant : graph->initializers())
        if (!constant->is_input)
          return edit.blame(arguments[0],
                            fail("in IR version {} every constant is an input, and '{}' is none; "
                                 "expected {} or newer",
                                 *version, to_valid_utf8(constant->name), kConstantsApart));
  if (*version != model.ir_version()) model.set_ir_version(*version);
  return {};
}

}  // namespace

void register_edit_set_ir_version(EditCommandRegistry& registry) {
  registry.add({"set_ir_version", "set-ir-version VERSION", "set-ir-version 8",
                "Declares the version of ONNX's file format, which old engines ask for; nothing "
                "else of the model changes. Refused below 4 where constants are no inputs.",
                1, 1, set_ir_version});
}

}  // namespace acuate
