#include <fmt/format.h>

#include "base/text.h"
#include "edit/command.h"
#include "edit/model_argument.h"
#include "onnx_io/authority.h"

namespace acuate {
namespace {

// Another domain than ONNX's own has no converter: its version is a declaration.
Result<void> set_domain(Edit& edit, const Token& token, int64_t version) {
  Model& model = edit.model();
  const int64_t before = model.opset_version(token.text);
  model.set_opset(token.text, version);
  edit.note(before == 0 ? "the domain is imported now"
                        : "no node was converted; the version is declared");
  return {};
}

Result<void> set_opset(Edit& edit, std::span<const Token> arguments) {
  const auto version = parse_int(arguments[0].text);
  if (!version || *version < 1 || *version > 1'000'000)
    return edit.blame(arguments[0], fail("found the version '{}'; expected a number from 1",
                                         to_valid_utf8(arguments[0].text)));
  if (arguments.size() == 2 && !arguments[1].text.empty() && arguments[1].text != "ai.onnx")
    return set_domain(edit, arguments[1], *version);
  if (*version > newest_opset())
    return edit.blame(arguments[0], fail("found opset {}; the linked onnx library knows them up to "
                                         "{}",
                                         *version, newest_opset()));
  const int64_t before = edit.model().opset_version();
  if (before == *version) return {};
  if (before == 0) return set_domain(edit, {"", true, 0}, *version);
  if (auto whole = edit.run_checks(); !whole) return whole;
  auto converted = convert_valid(edit.model(), *version);
  if (!converted) return edit.blame(arguments[0], converted.error());
  edit.replace_model(*std::move(converted));
  edit.note(fmt::format("from {} by the onnx library's converter", before));
  edit.types_changed();
  return {};
}

}  // namespace

void register_edit_set_opset(EditCommandRegistry& registry) {
  registry.add({"set_opset", "set-opset VERSION [DOMAIN]", "set-opset 17",
                "Converts the model to another version of the standard operators, up or down, by "
                "the onnx library's converter; refused where it cannot, with its reason. Of "
                "another DOMAIN the version is only declared.",
                1, 2, set_opset});
}

}  // namespace acuate
