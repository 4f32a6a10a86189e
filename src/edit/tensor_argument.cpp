#include "edit/tensor_argument.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "edit/literal.h"
#include "edit/type_text.h"
#include "onnx_io/onnx_fields.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

Error bad_item(const Literal::Item& item, ElementType type, std::string_view what) {
  return fail("found '{}'; expected {} that {} holds", to_valid_utf8(item.text), what,
              element_type_name(type));
}

// Sign, exponent and mantissa of IEEE form, rounded once, to nearest, ties to even; nothing where
// a finite number is beyond the range.
std::optional<uint16_t> encode_small_float(double value, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const auto infinity = static_cast<uint16_t>(((1 << exponent_bits) - 1) << mantissa_bits);
  if (std::isnan(value)) return static_cast<uint16_t>(infinity | 1 << (mantissa_bits - 1));
  if (std::isinf(value)) return static_cast<uint16_t>(sign | infinity);
  if (value == 0) return sign;
  const int exponent = std::max(std::ilogb(value), 1 - bias);
  // In steps of the last place; a carry into the next power of two adds up by itself.
  const double steps = std::nearbyint(std::ldexp(std::fabs(value), mantissa_bits - exponent));
  const auto bits =
      static_cast<int64_t>(steps) + (static_cast<int64_t>(exponent + bias - 1) << mantissa_bits);
  if (bits >= infinity) return std::nullopt;
  return static_cast<uint16_t>(sign | static_cast<uint16_t>(bits));
}

template <class T>
std::optional<T> integer_of(const Literal::Item& item) {
  T value{};
  const char* end = item.text.data() + item.text.size();
  const auto read = std::from_chars(item.text.data(), end, value);
  return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

template <class T>
Result<void> fill(Tensor& tensor, const Literal& literal) {
  const auto out = tensor.mutable_values<T>();
  for (size_t i = 0; i < literal.items.size(); ++i) {
    const Literal::Item& item = literal.items[i];
    if constexpr (std::is_floating_point_v<T>) {
      out[i] = static_cast<T>(item.number);
      if (item.kind == Literal::Kind::Text || (std::isinf(out[i]) && !std::isinf(item.number)))
        return bad_item(item, tensor.type(), "a number");
    } else {
      const auto value = integer_of<T>(item);
      if (!value) return bad_item(item, tensor.type(), "a whole number");
      out[i] = *value;
    }
  }
  return {};
}

Result<void> fill_small_float(Tensor& tensor, const Literal& literal) {
  const bool half = tensor.type() == ElementType::Float16;
  for (size_t i = 0; i < literal.items.size(); ++i) {
    const Literal::Item& item = literal.items[i];
    const auto bits = encode_small_float(item.number, half ? 5 : 8, half ? 10 : 7);
    if (item.kind == Literal::Kind::Text || !bits) return bad_item(item, tensor.type(), "a number");
    std::memcpy(tensor.mutable_bytes().data() + i * sizeof *bits, &*bits, sizeof *bits);
  }
  return {};
}

Result<void> fill_bool(Tensor& tensor, const Literal& literal) {
  for (size_t i = 0; i < literal.items.size(); ++i) {
    const Literal::Item& item = literal.items[i];
    const bool yes = item.text == "1" || item.text == "true";
    if (!yes && item.text != "0" && item.text != "false")
      return fail("found '{}'; expected true, false, 0 or 1 for bool", to_valid_utf8(item.text));
    tensor.mutable_bytes()[i] = static_cast<std::byte>(yes);
  }
  return {};
}

// int4, uint4, int2, uint2: packed, low bits first.
Result<void> fill_packed(Tensor& tensor, const Literal& literal) {
  const int bits = element_bits(tensor.type());
  const bool is_signed = tensor.type() == ElementType::Int4 || tensor.type() == ElementType::Int2;
  const int64_t lowest = is_signed ? -(1 << (bits - 1)) : 0;
  for (size_t i = 0; i < literal.items.size(); ++i) {
    const Literal::Item& item = literal.items[i];
    if (item.kind != Literal::Kind::Int || item.integer < lowest ||
        item.integer >= lowest + (1 << bits))
      return bad_item(item, tensor.type(), "a whole number");
    const auto at = i * static_cast<size_t>(bits);
    const auto field = static_cast<unsigned>(item.integer) & ((1U << bits) - 1);
    tensor.mutable_bytes()[at / 8] |= static_cast<std::byte>(field << at % 8);
  }
  return {};
}

Result<void> fill_any(Tensor& tensor, const Literal& literal) {
  switch (tensor.type()) {
    case ElementType::Float:
      return fill<float>(tensor, literal);
    case ElementType::Double:
      return fill<double>(tensor, literal);
    case ElementType::Float16:
    case ElementType::Bfloat16:
      return fill_small_float(tensor, literal);
    case ElementType::Int8:
      return fill<int8_t>(tensor, literal);
    case ElementType::Uint8:
      return fill<uint8_t>(tensor, literal);
    case ElementType::Int16:
      return fill<int16_t>(tensor, literal);
    case ElementType::Uint16:
      return fill<uint16_t>(tensor, literal);
    case ElementType::Int32:
      return fill<int32_t>(tensor, literal);
    case ElementType::Uint32:
      return fill<uint32_t>(tensor, literal);
    case ElementType::Int64:
      return fill<int64_t>(tensor, literal);
    case ElementType::Uint64:
      return fill<uint64_t>(tensor, literal);
    case ElementType::Bool:
      return fill_bool(tensor, literal);
    case ElementType::Int4:
    case ElementType::Uint4:
    case ElementType::Int2:
    case ElementType::Uint2:
      return fill_packed(tensor, literal);
    default:
      return fail("{} cannot be written as numbers; expected FILE.npy or raw:TYPE[DIMS]:FILE",
                  element_type_name(tensor.type()));
  }
}

// Nested lists have their own shape; a flat list or a single item keeps the old one where it fits.
Shape choose_shape(const Literal& literal, const TensorRef* old) {
  const auto count = static_cast<int64_t>(literal.items.size());
  const bool flat = literal.shape.size() <= 1;
  return flat && old != nullptr && element_count(old->shape) == count ? old->shape : literal.shape;
}

TensorRef dense(Tensor tensor) {
  TensorRef ref;
  ref.type = tensor.type();
  ref.shape = tensor.shape();
  ref.resident = std::make_shared<const Tensor>(std::move(tensor));
  return ref;
}

// TensorProto without a name: dims, data_type, string_data (onnx.proto3).
TensorRef strings(Model& model, const Literal& literal, Shape shape) {
  WireRope wire;
  if (!shape.empty()) wire.packed_varint_field(1, shape);
  wire.varint_field(2, static_cast<uint64_t>(ElementType::String));
  for (const Literal::Item& item : literal.items) wire.text_field(6, item.text);
  TensorRef ref;
  ref.type = ElementType::String;
  ref.shape = std::move(shape);
  ref.wire = model.own(wire);
  return ref;
}

ElementType natural_type(const Literal& literal) {
  const auto is_bool = [](const Literal::Item& item) {
    return item.text == "true" || item.text == "false";
  };
  switch (literal.kind()) {
    case Literal::Kind::Int:
      return ElementType::Int64;
    case Literal::Kind::Float:
      return ElementType::Float;
    case Literal::Kind::Text:
      break;
  }
  const bool booleans = std::all_of(literal.items.begin(), literal.items.end(), is_bool);
  const bool texts = std::all_of(literal.items.begin(), literal.items.end(),
                                 [](const Literal::Item& item) { return item.quoted; });
  return booleans ? ElementType::Bool : texts ? ElementType::String : ElementType::Undefined;
}

Result<TensorRef> read_npy_argument(const Edit& edit, std::string_view name) {
  if (!edit.context().read_npy) return fail("arrays of NumPy cannot be read from here");
  auto path = script_file(edit, name);
  if (!path) return path.error();
  auto tensor = edit.context().read_npy(*path);
  if (!tensor) return tensor.error();
  return dense(*std::move(tensor));
}

// `float32[2, 3]:w.bin`
Result<TensorRef> read_raw_argument(Edit& edit, const Token& token) {
  const size_t colon = token.text.find("]:");
  if (token.quoted || colon == std::string::npos)
    return fail("found 'raw:{}'; expected type, shape and file: raw:float32[2, 3]:w.bin",
                to_valid_utf8(token.text));
  auto type = parse_type_text(edit.model(), token.text.substr(0, colon + 1));
  if (!type) return type.error();
  const auto shape = type->static_shape();
  const auto size = shape ? tensor_size_bytes(type->element, *shape) : std::nullopt;
  if (!size) return fail("{} has no stated size; expected numbers of a fixed shape", type->text());
  auto path = script_file(edit, word_of(std::string_view(token.text).substr(colon + 2), 0).text);
  if (!path) return path.error();
  auto file = MappedFile::open(*path);
  if (!file) return file.error();
  if ((*file)->bytes().size() != *size)
    return fail("{} has {} bytes, but {} needs {}", path->string(), (*file)->bytes().size(),
                type->text(), *size);
  return dense(Tensor::view(type->element, *shape, (*file)->bytes(), *file));
}

// `w.pb`: a TensorProto, as ONNX's own test data have them.
Result<TensorRef> read_proto_argument(Edit& edit, std::string_view name) {
  auto path = script_file(edit, name);
  if (!path) return path.error();
  auto file = MappedFile::open(*path);
  if (!file) return file.error();
  auto ref = parse_tensor((*file)->bytes(), {});
  if (!ref) return fail("{}: {}", path->string(), ref.error().message);
  if (ref->is_external())
    return fail("{} lies in a data file; expected a tensor with its content", path->string());
  edit.model().keep(*file, (*file)->bytes());
  return ref;
}

std::vector<std::string> all_prefixes() {
  std::vector<std::string> names{"npy", "raw", "pb", "float", "double"};
  for (auto type = ElementType::Float; type <= ElementType::Int2;
       type = static_cast<ElementType>(static_cast<int32_t>(type) + 1))
    names.emplace_back(element_type_name(type));
  return names;
}

}  // namespace

Token word_of(std::string_view text, size_t column) {
  Token token{std::string(text), false, column};
  if (!text.starts_with('"') || text.size() < 2) return token;
  auto script = parse_script(text);
  if (!script || script->lines.size() != 1 || !script->lines[0].arguments.empty()) return token;
  return {script->lines[0].command, true, column};
}

Result<fs::path> script_file(const Edit& edit, std::string_view name) {
  if (edit.context().folder.empty())
    return fail("found the file '{}', but files cannot be read from here", to_valid_utf8(name));
  return resolve_inside(edit.context().folder, name);
}

Result<TensorRef> parse_tensor_argument(Edit& edit, const Token& argument, const TensorRef* old) {
  static const std::vector<std::string> kPrefixes = all_prefixes();
  Token token = argument;
  const std::string prefix = take_prefix(token, kPrefixes);
  if (prefix == "npy" || (prefix.empty() && !token.quoted && token.text.ends_with(".npy")))
    return read_npy_argument(edit, token.text);
  if (prefix == "raw") return read_raw_argument(edit, token);
  if (prefix == "pb" || (prefix.empty() && !token.quoted && token.text.ends_with(".pb")))
    return read_proto_argument(edit, token.text);
  auto literal = parse_literal(token);
  if (!literal) return literal.error();
  const ElementType type = !prefix.empty()  ? *parse_element_name(prefix)
                           : old != nullptr ? old->type
                                            : natural_type(*literal);
  if (type == ElementType::Undefined)
    return fail("found '{}'; expected numbers, texts in quotes, FILE.npy or raw:TYPE[DIMS]:FILE",
                to_valid_utf8(token.text));
  Shape shape = choose_shape(*literal, old);
  if (type == ElementType::String) return strings(edit.model(), *literal, std::move(shape));
  if (!tensor_size_bytes(type, shape))
    return fail("{} cannot be written as text", element_type_name(type));
  Tensor tensor = Tensor::allocate(type, std::move(shape));
  if (auto filled = fill_any(tensor, *literal); !filled) return filled.error();
  return dense(std::move(tensor));
}

WireRope tensor_argument_wire(const TensorRef& tensor, std::string_view name) {
  if (tensor.resident) return encode_tensor(*tensor.resident, name);
  WireRope wire;
  WireReader reader(tensor.wire);
  for (WireField field; reader.next(field);)
    if (field.number != tensor_field::kName) wire.append_view(field.whole);
  if (!name.empty()) wire.text_field(8, name);
  return wire;
}

void give_initializer(Value& value, const TensorRef& tensor) {
  if (tensor.resident)
    value.graph->set_initializer(value, *tensor.resident);
  else
    value.graph->set_initializer(value, tensor);
}

}  // namespace acuate
