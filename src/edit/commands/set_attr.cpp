#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <onnx/defs/schema.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/command.h"
#include "edit/literal.h"
#include "onnx_io/authority.h"

namespace acuate {
namespace {

const std::vector<std::string> kPrefixes{"int", "float", "string", "ints", "floats", "strings"};

AttributeType type_called(std::string_view prefix) {
  for (int32_t number = 0; number <= static_cast<int32_t>(AttributeType::TypeProtos); ++number)
    if (attribute_type_name(static_cast<AttributeType>(number)) == prefix)
      return static_cast<AttributeType>(number);
  return AttributeType::Undefined;
}

AttributeType type_of_literal(const Literal& literal) {
  switch (literal.kind()) {
    case Literal::Kind::Int:
      return literal.is_list ? AttributeType::Ints : AttributeType::Int;
    case Literal::Kind::Float:
      return literal.is_list ? AttributeType::Floats : AttributeType::Float;
    case Literal::Kind::Text:
      return literal.is_list ? AttributeType::Strings : AttributeType::String;
  }
  return AttributeType::Undefined;
}

// The type that the node has it in, else the one that the operator declares, else that of the
// literal. An attribute that the operator does not know needs a prefix: it is a typing error more
// often than not.
Result<AttributeType> choose_type(const Model& model, const Node& node, const std::string& name,
                                  const Literal& literal) {
  if (const Attribute* existing = node.attribute(name)) return existing->type;
  const onnx::OpSchema* schema = find_schema(model, node);
  if (schema == nullptr) return type_of_literal(literal);
  const auto& declared = schema->attributes();
  if (const auto found = declared.find(name); found != declared.end())
    return static_cast<AttributeType>(found->second.type);
  std::vector<std::string> names;
  for (const auto& entry : declared) names.push_back(entry.first);
  const auto close = closest_match(name, names);
  return fail(
      "{} has no attribute '{}'{}; there are: {} (write a type before the value to set it "
      "all the same: int:1)",
      node.op_type(), to_valid_utf8(name), close ? fmt::format("; did you mean '{}'?", *close) : "",
      names.empty() ? "none" : join(names, ", "));
}

Result<std::vector<float>> to_floats(const Literal& literal) {
  std::vector<float> out;
  for (const Literal::Item& item : literal.items) {
    const auto value = static_cast<float>(item.number);
    if (std::isinf(value) && !std::isinf(item.number))
      return fail("found {}, which is beyond float32", item.text);
    out.push_back(value);
  }
  return out;
}

WireRope encode_strings(std::string_view name, const Literal& literal) {
  WireRope rope;
  rope.text_field(kAttributeName, name);
  for (const Literal::Item& item : literal.items) rope.text_field(kAttributeStrings, item.text);
  rope.varint_field(kAttributeType, static_cast<uint64_t>(AttributeType::Strings));
  return rope;
}

Result<WireRope> encode(const std::string& name, AttributeType type, const Literal& literal,
                        const Token& token) {
  const bool is_row = literal.is_list && literal.shape.size() == 1;
  const bool numeric = literal.kind() != Literal::Kind::Text;
  const bool integral = literal.kind() == Literal::Kind::Int;
  auto floats = to_floats(literal);
  if (numeric && !floats) return floats.error();
  std::vector<int64_t> ints;
  for (const Literal::Item& item : literal.items) ints.push_back(item.integer);
  switch (type) {
    case AttributeType::Int:
      if (!literal.is_list && integral) return encode_attribute(name, ints[0]);
      break;
    case AttributeType::Float:
      if (!literal.is_list && numeric) return encode_attribute(name, (*floats)[0]);
      break;
    case AttributeType::String:
      if (!literal.is_list) return encode_attribute(name, std::string_view(literal.items[0].text));
      break;
    case AttributeType::Ints:
      if (is_row && integral) return encode_attribute(name, std::span<const int64_t>(ints));
      break;
    case AttributeType::Floats:
      if (is_row && numeric) return encode_attribute(name, std::span<const float>(*floats));
      break;
    case AttributeType::Strings:
      if (is_row) return encode_strings(name, literal);
      break;
    default:
      return fail("'{}' is of type {}, which cannot be written in a script", name,
                  attribute_type_name(type));
  }
  return fail("found '{}' for '{}'; expected a value of type {}", to_valid_utf8(token.text), name,
              attribute_type_name(type));
}

Result<void> set_attr(Edit& edit, std::span<const Token> arguments) {
  auto node = resolve_node(edit.model(), arguments[0].text);
  if (!node) return edit.blame(arguments[0], node.error());
  const std::string& name = arguments[1].text;
  Token token = arguments[2];
  const std::string prefix = take_prefix(token, kPrefixes);
  auto literal = parse_literal(token);
  if (!literal) return edit.blame(arguments[2], literal.error());
  const Attribute* existing = (*node)->attribute(name);
  if (existing != nullptr && !existing->graphs.empty())
    return edit.blame(arguments[1], fail("'{}' holds a body, whose nodes are edited one by one",
                                         to_valid_utf8(name)));
  auto type = prefix.empty() ? choose_type(edit.model(), **node, name, *literal)
                             : Result<AttributeType>(type_called(prefix));
  if (!type) return edit.blame(arguments[1], type.error());
  auto rope = encode(name, *type, *literal, token);
  if (!rope) return edit.blame(arguments[2], rope.error());
  (*node)->set_attribute(*rope);
  edit.types_changed();
  return {};
}

}  // namespace

void register_edit_set_attr(EditCommandRegistry& registry) {
  registry.add({"set_attr", "set-attr NODE NAME VALUE", "set-attr conv1 pads [1, 1, 1, 1]",
                "Sets an attribute: a number, a text, or a list of either, in the type that the "
                "attribute has or the operator declares. `int:`, `float:`, `string:`, `ints:`, "
                "`floats:` or `strings:` before the value chooses the type.",
                3, 3, set_attr});
}

}  // namespace acuate
