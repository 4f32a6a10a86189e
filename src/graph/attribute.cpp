#include "graph/attribute.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "graph/graph.h"

namespace acuate {
namespace {

// The last field of that number, as protobuf merges singular fields.
std::optional<WireField> last_field(Bytes wire, uint32_t number) {
  std::optional<WireField> found;
  WireReader reader(wire);
  for (WireField field; reader.next(field);)
    if (field.number == number) found = field;
  return found;
}

WireRope begin(std::string_view name) {
  WireRope rope;
  rope.text_field(kAttributeName, name);
  return rope;
}

WireRope finish(WireRope rope, AttributeType type) {
  rope.varint_field(kAttributeType, static_cast<uint64_t>(type));
  return rope;
}

}  // namespace

std::string_view attribute_type_name(AttributeType type) {
  constexpr std::string_view kNames[] = {
      "undefined",      "float",      "int",        "string",  "tensor", "graph",
      "floats",         "ints",       "strings",    "tensors", "graphs", "sparse_tensor",
      "sparse_tensors", "type_proto", "type_protos"};
  const auto index = static_cast<size_t>(type);
  return index < std::size(kNames) ? kNames[index] : kNames[0];
}

Attribute::Attribute() = default;
Attribute::Attribute(Attribute&&) noexcept = default;
Attribute& Attribute::operator=(Attribute&&) noexcept = default;
Attribute::~Attribute() = default;

std::optional<int64_t> Attribute::as_int() const {
  if (type != AttributeType::Int || !ref_attr_name.empty()) return std::nullopt;
  const auto field = last_field(wire, kAttributeInt);
  if (!field) return 0;
  return field->type == WireType::Varint ? std::optional(field->int_value()) : std::nullopt;
}

std::optional<float> Attribute::as_float() const {
  if (type != AttributeType::Float || !ref_attr_name.empty()) return std::nullopt;
  const auto field = last_field(wire, kAttributeFloat);
  if (!field) return 0.0F;
  return field->type == WireType::Fixed32 ? std::optional(field->float_value()) : std::nullopt;
}

std::optional<std::string_view> Attribute::as_string() const {
  if (type != AttributeType::String || !ref_attr_name.empty()) return std::nullopt;
  const auto field = last_field(wire, kAttributeString);
  return field ? field->text() : std::string_view();
}

std::optional<std::vector<int64_t>> Attribute::as_ints() const {
  if (type != AttributeType::Ints || !ref_attr_name.empty()) return std::nullopt;
  std::vector<int64_t> values;
  WireReader reader(wire);
  for (WireField field; reader.next(field);)
    if (field.number == kAttributeInts && !append_varints(field, values)) return std::nullopt;
  return values;
}

std::optional<std::vector<float>> Attribute::as_floats() const {
  if (type != AttributeType::Floats || !ref_attr_name.empty()) return std::nullopt;
  std::vector<float> values;
  WireReader reader(wire);
  for (WireField field; reader.next(field);)
    if (field.number == kAttributeFloats && !append_floats(field, values)) return std::nullopt;
  return values;
}

std::optional<std::vector<std::string_view>> Attribute::as_strings() const {
  if (type != AttributeType::Strings || !ref_attr_name.empty()) return std::nullopt;
  std::vector<std::string_view> values;
  WireReader reader(wire);
  for (WireField field; reader.next(field);)
    if (field.number == kAttributeStrings) values.push_back(field.text());
  return values;
}

std::optional<Bytes> Attribute::as_tensor() const {
  if (type != AttributeType::Tensor || !ref_attr_name.empty()) return std::nullopt;
  const auto field = last_field(wire, kAttributeTensor);
  return field && field->type == WireType::Length ? std::optional(field->payload) : std::nullopt;
}

std::string Attribute::value_text() const {
  if (!ref_attr_name.empty()) return fmt::format("@{}", to_valid_utf8(ref_attr_name));
  if (const auto value = as_int()) return fmt::format("{}", *value);
  if (const auto value = as_float()) return fmt::format("{}", *value);
  if (const auto value = as_string()) return json_quote(*value);
  if (const auto value = as_ints()) return fmt::format("{}", *value);
  if (const auto value = as_floats()) return fmt::format("{}", *value);
  if (const auto value = as_strings()) {
    std::vector<std::string> quoted;
    for (const std::string_view text : *value) quoted.push_back(json_quote(text));
    return "[" + join(quoted, ", ") + "]";
  }
  return std::string(attribute_type_name(type));
}

WireRope encode_attribute(std::string_view name, int64_t value) {
  WireRope rope = begin(name);
  rope.varint_field(kAttributeInt, static_cast<uint64_t>(value));
  return finish(std::move(rope), AttributeType::Int);
}

WireRope encode_attribute(std::string_view name, float value) {
  WireRope rope = begin(name);
  rope.float_field(kAttributeFloat, value);
  return finish(std::move(rope), AttributeType::Float);
}

WireRope encode_attribute(std::string_view name, std::string_view value) {
  WireRope rope = begin(name);
  rope.text_field(kAttributeString, value);
  return finish(std::move(rope), AttributeType::String);
}

WireRope encode_attribute(std::string_view name, std::span<const int64_t> values) {
  WireRope rope = begin(name);
  rope.packed_varint_field(kAttributeInts, values);
  return finish(std::move(rope), AttributeType::Ints);
}

WireRope encode_attribute(std::string_view name, std::span<const float> values) {
  WireRope rope = begin(name);
  rope.packed_float_field(kAttributeFloats, values);
  return finish(std::move(rope), AttributeType::Floats);
}

}  // namespace acuate
