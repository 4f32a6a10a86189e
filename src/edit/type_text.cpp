#include "edit/type_text.h"

#include <algorithm>
#include <cctype>

#include <onnx/onnx_pb.h>

#include "base/text.h"
#include "edit/input_dims.h"
#include "onnx_io/authority.h"
#include "onnx_io/import_types.h"

namespace acuate {
namespace {

constexpr size_t kMaxDepth = 16;

// Up to the parenthesis or bracket that closes the one before `at`; npos where none does.
size_t closing(std::string_view text, size_t at) {
  for (size_t depth = 1; at < text.size(); ++at) {
    if (text[at] == '(' || text[at] == '[') ++depth;
    if ((text[at] == ')' || text[at] == ']') && --depth == 0) return at;
  }
  return std::string_view::npos;
}

// A model may declare what nobody would give by hand: a dimension of 0, and sums such as `4*h`.
Result<Dim> parse_declared_dim(Model& model, std::string_view text) {
  if (text == "0") return Dim{0, {}};
  const bool is_term =
      std::ranges::any_of(text, [](unsigned char c) { return std::isalpha(c) != 0; });
  if (is_term && text.find_first_of("*+-/") != std::string_view::npos)
    return Dim{-1, model.intern(text)};
  return parse_dim(model, text);
}

Result<std::vector<Dim>> parse_dims(Model& model, std::string_view text) {
  std::vector<Dim> dims;
  if (trim(text).empty()) return dims;
  // Commas in `max(h, w)` are part of a dimension.
  size_t begin = 0, depth = 0;
  for (size_t at = 0; at <= text.size(); ++at) {
    const char c = at < text.size() ? text[at] : ',';
    if (c == '(') ++depth;
    if (c == ')' && depth > 0) --depth;
    if (at < text.size() && (c != ',' || depth > 0)) continue;
    auto dim = parse_declared_dim(model, trim(text.substr(begin, at - begin)));
    if (!dim) return dim.error();
    dims.push_back(*dim);
    begin = at + 1;
  }
  return dims;
}

Result<ValueType> parse_tensor_type(Model& model, std::string_view text) {
  const size_t bracket = text.find('[');
  auto element = parse_element_name(trim(text.substr(0, bracket)));
  if (!element) return element.error();
  ValueType type;
  type.kind = ValueType::Kind::Tensor;
  type.element = *element;
  if (bracket == std::string_view::npos) return type;
  if (!text.ends_with(']') || closing(text, bracket + 1) != text.size() - 1)
    return fail("found '{}'; expected a type like float32[1, 3, h, ?]", to_valid_utf8(text));
  const std::string_view inside = text.substr(bracket + 1, text.size() - bracket - 2);
  if (trim(inside) == "*") return type;
  auto dims = parse_dims(model, inside);
  if (!dims) return dims.error();
  type.shape = std::move(*dims);
  return type;
}

// Into the onnx library's message, from which the wire form comes.
Result<onnx::TypeProto> parse_proto(Model& model, std::string_view text, size_t depth) {
  if (depth == kMaxDepth) return fail("the type is nested more than {} deep", kMaxDepth);
  text = trim(text);
  const size_t open = text.find_first_of("([");
  if (open == std::string_view::npos || text[open] == '[') {
    auto tensor = parse_tensor_type(model, text);
    if (!tensor) return tensor.error();
    return to_type_proto(*tensor);
  }
  const std::string_view kind = trim(text.substr(0, open));
  if (closing(text, open + 1) != text.size() - 1)
    return fail("found '{}'; expected {}(…) and nothing behind it", to_valid_utf8(text),
                to_valid_utf8(kind));
  std::string_view inside = text.substr(open + 1, text.size() - open - 2);
  onnx::TypeProto proto;
  if (kind == "sparse" || kind == "sparse_tensor") {
    auto tensor = parse_tensor_type(model, trim(inside));
    if (!tensor) return tensor.error();
    const onnx::TypeProto dense = to_type_proto(*tensor);
    proto.mutable_sparse_tensor_type()->set_elem_type(dense.tensor_type().elem_type());
    if (dense.tensor_type().has_shape())
      *proto.mutable_sparse_tensor_type()->mutable_shape() = dense.tensor_type().shape();
    return proto;
  }
  ElementType key = ElementType::Undefined;
  if (kind == "map") {
    const size_t comma = std::min(inside.find(','), inside.size());
    auto parsed = parse_element_name(trim(inside.substr(0, comma)));
    if (!parsed) return parsed.error();
    key = *parsed;
    inside = comma < inside.size() ? inside.substr(comma + 1) : "";
  } else if (kind != "sequence" && kind != "seq" && kind != "optional") {
    return fail("found '{}(…)'; expected sequence, optional, map or sparse", to_valid_utf8(kind));
  }
  auto element = parse_proto(model, inside, depth + 1);
  if (!element) return element.error();
  if (kind == "optional") {
    *proto.mutable_optional_type()->mutable_elem_type() = *element;
  } else if (kind == "map") {
    proto.mutable_map_type()->set_key_type(static_cast<int32_t>(key));
    *proto.mutable_map_type()->mutable_value_type() = *element;
  } else {
    *proto.mutable_sequence_type()->mutable_elem_type() = *element;
  }
  return proto;
}

std::string element_word(int32_t element) {
  return std::string(element_type_name(static_cast<ElementType>(element)));
}

std::string shape_word(const onnx::TensorShapeProto& shape) {
  std::vector<std::string> dims;
  for (const auto& dim : shape.dim())
    dims.push_back(dim.has_dim_value() ? std::to_string(dim.dim_value())
                   : dim.has_dim_param() && !dim.dim_param().empty() ? dim.dim_param()
                                                                     : "?");
  return "[" + join(dims, ", ") + "]";
}

// Nested no deeper than a protobuf message may be.
std::string proto_word(const onnx::TypeProto& proto) {
  const auto tensor = [](const auto& type) {
    return element_word(type.elem_type()) + (type.has_shape() ? shape_word(type.shape()) : "[*]");
  };
  if (proto.has_sequence_type())
    return "sequence(" + proto_word(proto.sequence_type().elem_type()) + ")";
  if (proto.has_optional_type())
    return "optional(" + proto_word(proto.optional_type().elem_type()) + ")";
  if (proto.has_map_type())
    return "map(" + element_word(proto.map_type().key_type()) + ", " +
           proto_word(proto.map_type().value_type()) + ")";
  if (proto.has_sparse_tensor_type()) return "sparse(" + tensor(proto.sparse_tensor_type()) + ")";
  return tensor(proto.tensor_type());
}

}  // namespace

std::string type_word(const ValueType& type) {
  onnx::TypeProto proto;
  if (type.kind == ValueType::Kind::Tensor || type.wire.empty() ||
      !proto.ParseFromArray(type.wire.data(), static_cast<int>(type.wire.size())))
    return type.text();
  return proto_word(proto);
}

Result<ElementType> parse_element_name(std::string_view name) {
  if (name == "float") return ElementType::Float;
  if (name == "double") return ElementType::Double;
  if (const auto type = parse_element_type(name)) return *type;
  std::vector<std::string> names;
  for (auto type = ElementType::Float; !element_type_name(type).starts_with("undefined");
       type = static_cast<ElementType>(static_cast<int32_t>(type) + 1))
    names.emplace_back(element_type_name(type));
  const auto close = closest_match(name, names);
  return fail("there is no element type '{}'{}; there are: {}", to_valid_utf8(name),
              close ? fmt::format("; did you mean '{}'?", *close) : "", join(names, ", "));
}

Result<ValueType> parse_type_text(Model& model, std::string_view text) {
  text = trim(text);
  const size_t open = text.find_first_of("([");
  if (open == std::string_view::npos || text[open] == '[') return parse_tensor_type(model, text);
  auto proto = parse_proto(model, text, 0);
  if (!proto) return proto.error();
  WireRope rope;
  const std::string bytes = proto->SerializeAsString();
  rope.append_view(as_bytes(bytes));
  return parse_type(model.own(rope));
}

}  // namespace acuate
