#include "edit/input_dims.h"

#include "base/text.h"

namespace acuate {

Result<Dim> parse_dim(Model& model, std::string_view text) {
  if (text == "?") return Dim{};
  if (const auto number = parse_int(text)) {
    if (*number < 1)
      return fail("found the dimension {}; expected a positive number, a name or '?'", *number);
    return Dim{*number, {}};
  }
  const char first = text.empty() ? '-' : text[0];
  if (first == '-' || first == '+' || (first >= '0' && first <= '9'))
    return fail("found the dimension '{}'; expected a positive number, a name or '?'",
                to_valid_utf8(text));
  return Dim{-1, model.intern(text)};
}

Result<Value*> find_input(Model& model, std::string_view name) {
  std::vector<std::string> names;
  for (Value* input : model.graph().inputs()) {
    if (input->initializer) continue;
    if (input->name == name) {
      if (input->type.kind == ValueType::Kind::Tensor) return input;
      return fail("input '{}' is {}; expected a tensor", to_valid_utf8(name), input->type.text());
    }
    names.push_back(to_valid_utf8(input->name));
  }
  return fail("there is no input '{}'; there are: {}", to_valid_utf8(name),
              names.empty() ? "none" : join(names, ", "));
}

}  // namespace acuate
