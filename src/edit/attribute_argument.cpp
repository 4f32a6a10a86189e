#include "edit/attribute_argument.h"

#include <cmath>

#include <fmt/format.h>
#include <onnx/defs/schema.h>

#include "base/text.h"
#include "edit/literal.h"
#include "edit/model_argument.h"
#include "edit/tensor_argument.h"
#include "edit/type_text.h"
#include "graph/splice.h"
#include "onnx_io/authority.h"
#include "onnx_io/onnx_fields.h"

namespace acuate {
namespace {

// Field numbers of AttributeProto and SparseTensorProto (onnx.proto3) that only this unit writes.
enum : uint32_t { kTensors = 10, kTypeProto = 14, kTypeProtos = 15, kSparse = 22, kSparses = 23 };
enum : uint32_t { kSparseValues = 1, kSparseIndices = 2, kSparseDims = 3 };

std::vector<std::string> type_names() {
  std::vector<std::string> names{"ref"};
  for (int32_t number = 1; number <= static_cast<int32_t>(AttributeType::TypeProtos); ++number)
    names.emplace_back(attribute_type_name(static_cast<AttributeType>(number)));
  return names;
}

AttributeType type_called(std::string_view prefix) {
  for (int32_t number = 0; number <= static_cast<int32_t>(AttributeType::TypeProtos); ++number)
    if (attribute_type_name(static_cast<AttributeType>(number)) == prefix)
      return static_cast<AttributeType>(number);
  return AttributeType::Undefined;
}

bool is_list(AttributeType type) {
  return type == AttributeType::Tensors || type == AttributeType::SparseTensors ||
         type == AttributeType::TypeProtos || type == AttributeType::Graphs;
}

AttributeType type_of_literal(const Token& value) {
  auto literal = parse_literal(value);
  if (!literal) return AttributeType::Undefined;
  switch (literal->kind()) {
    case Literal::Kind::Int:
      return literal->is_list ? AttributeType::Ints : AttributeType::Int;
    case Literal::Kind::Float:
      return literal->is_list ? AttributeType::Floats : AttributeType::Float;
    case Literal::Kind::Text:
      return literal->is_list ? AttributeType::Strings : AttributeType::String;
  }
  return AttributeType::Undefined;
}

// What the operator declares for the attribute; Undefined where it has no schema.
Result<AttributeType> declared_type(const Model& model, const Node& node, const std::string& name) {
  const onnx::OpSchema* schema = find_schema(model, node);
  if (schema == nullptr) return AttributeType::Undefined;
  const auto& declared = schema->attributes();
  if (const auto found = declared.find(name); found != declared.end())
    return static_cast<AttributeType>(found->second.type);
  std::vector<std::string> names;
  for (const auto& entry : declared) names.push_back(entry.first);
  const auto close = closest_match(name, names);
  return fail("{} has no attribute '{}'{}; there are: {}", node.op_type(), to_valid_utf8(name),
              close ? fmt::format("; did you mean '{}'?", *close) : "",
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

// int, float, string and lists of them.
Result<WireRope> encode_plain(const std::string& name, AttributeType type, const Token& token) {
  auto literal = parse_literal(token);
  if (!literal) return literal.error();
  const bool is_row = literal->is_list && literal->shape.size() == 1;
  const bool numeric = literal->kind() != Literal::Kind::Text;
  const bool integral = literal->kind() == Literal::Kind::Int;
  auto floats = to_floats(*literal);
  if (numeric && !floats) return floats.error();
  std::vector<int64_t> ints;
  for (const Literal::Item& item : literal->items) ints.push_back(item.integer);
  if (type == AttributeType::Int && !literal->is_list && integral)
    return encode_attribute(name, ints[0]);
  if (type == AttributeType::Float && !literal->is_list && numeric)
    return encode_attribute(name, (*floats)[0]);
  if (type == AttributeType::String && !literal->is_list)
    return encode_attribute(name, std::string_view(literal->items[0].text));
  if (type == AttributeType::Ints && is_row && integral)
    return encode_attribute(name, std::span<const int64_t>(ints));
  if (type == AttributeType::Floats && is_row && numeric)
    return encode_attribute(name, std::span<const float>(*floats));
  if (type == AttributeType::Strings && is_row) {
    WireRope rope;
    rope.text_field(kAttributeName, name);
    for (const Literal::Item& item : literal->items) rope.text_field(kAttributeStrings, item.text);
    rope.varint_field(kAttributeType, static_cast<uint64_t>(AttributeType::Strings));
    return rope;
  }
  return fail("found '{}' for '{}'; expected a value of type {}", to_valid_utf8(token.text), name,
              attribute_type_name(type));
}

// `float32[100]:[0.5, 2]:[3, 17]`: SparseTensorProto with indices of shape [n], or [n, rank].
Result<WireRope> encode_sparse(Edit& edit, const Token& token) {
  const size_t first = token.text.find("]:"), second = token.text.find("]:", first + 2);
  if (token.quoted || first == std::string::npos || second == std::string::npos)
    return fail("found '{}'; expected type, values and indices: float32[100]:[0.5, 2]:[3, 17]",
                to_valid_utf8(token.text));
  auto type = parse_type_text(edit.model(), token.text.substr(0, first + 1));
  if (!type) return type.error();
  const auto shape = type->static_shape();
  if (!shape || shape->empty())
    return fail("found {}; expected the shape of the dense tensor in numbers", type->text());
  const Token values{fmt::format("{}:{}", element_type_name(type->element),
                                 token.text.substr(first + 2, second - first - 1)),
                     false, token.column};
  auto content = parse_tensor_argument(edit, values);
  if (!content) return content.error();
  const Token places{"int64:" + token.text.substr(second + 2), false, token.column};
  auto indices = parse_tensor_argument(edit, places);
  if (!indices) return indices.error();
  const auto rank = static_cast<int64_t>(shape->size());
  const int64_t count = content->size();
  const bool flat = indices->shape == Shape{count};
  if (content->shape.size() != 1 || !(flat || indices->shape == Shape{count, rank}))
    return fail("found values of shape {} and indices of shape {}; expected [n] and [n] or [n, {}]",
                format_shape(content->shape), format_shape(indices->shape), rank);
  const int64_t dense_count = element_count(*shape).value_or(0);
  int64_t position = 0;
  for (const int64_t index : indices->resident->values<int64_t>()) {
    const int64_t limit = flat ? dense_count : (*shape)[static_cast<size_t>(position++ % rank)];
    if (index < 0 || index >= limit)
      return fail("found the index {}; expected one from 0 to {}", index, limit - 1);
  }
  WireRope sparse;
  sparse.message_field(kSparseValues, tensor_argument_wire(*content, ""));
  sparse.message_field(kSparseIndices, tensor_argument_wire(*indices, ""));
  sparse.packed_varint_field(kSparseDims, *shape);
  // The tensors go with this function; the attribute has bytes of its own.
  WireRope owned;
  owned.append_view(edit.model().own(sparse));
  return owned;
}

Result<WireRope> encode_message(Edit& edit, AttributeType type, const Token& token,
                                const TensorRef* old) {
  WireRope owned;
  if (type == AttributeType::Tensor || type == AttributeType::Tensors) {
    auto tensor = parse_tensor_argument(edit, token, old);
    if (!tensor) return tensor.error();
    owned.append_view(edit.model().own(tensor_argument_wire(*tensor, "")));
    return owned;
  }
  if (type == AttributeType::TypeProto || type == AttributeType::TypeProtos) {
    auto parsed = parse_type_text(edit.model(), token.text);
    if (!parsed) return parsed.error();
    const std::string bytes = to_type_proto(*parsed).SerializeAsString();
    owned.append_view(as_bytes(edit.model().intern(bytes)));
    return owned;
  }
  return encode_sparse(edit, token);
}

uint32_t message_field_of(AttributeType type) {
  switch (type) {
    case AttributeType::Tensor:
      return kAttributeTensor;
    case AttributeType::Tensors:
      return kTensors;
    case AttributeType::TypeProto:
      return kTypeProto;
    case AttributeType::TypeProtos:
      return kTypeProtos;
    case AttributeType::SparseTensor:
      return kSparse;
    default:
      return kSparses;
  }
}

Result<WireRope> encode_messages(Edit& edit, const Node& node, const std::string& name,
                                 AttributeType type, const Token& token) {
  std::vector<Token> items{token};
  if (is_list(type)) {
    auto split = split_list(token);
    if (!split) return split.error();
    items = std::move(*split);
  }
  // A tensor keeps element type and, where the count fits, shape.
  TensorRef old;
  const Attribute* existing = node.attribute(name);
  const auto wire = existing ? existing->as_tensor() : std::nullopt;
  bool has_old = false;
  if (wire) {
    auto parsed = parse_tensor(*wire, edit.model().folder());
    if (parsed) old = std::move(*parsed);
    has_old = parsed.has_value();
  }
  WireRope rope;
  rope.text_field(kAttributeName, name);
  for (const Token& item : items) {
    auto message = encode_message(edit, type, item, has_old ? &old : nullptr);
    if (!message) return message.error();
    rope.message_field(message_field_of(type), std::move(*message));
  }
  rope.varint_field(kAttributeType, static_cast<uint64_t>(type));
  return rope;
}

Result<void> set_bodies(Edit& edit, Node& node, const std::string& name, AttributeType type,
                        const Token& token) {
  std::vector<Token> items{token};
  if (type == AttributeType::Graphs) {
    auto split = split_list(token);
    if (!split) return split.error();
    items = std::move(*split);
  }
  std::vector<std::unique_ptr<Model>> sources;
  for (const Token& item : items) {
    auto source = read_model_argument(edit, item, MayReadOuter::Yes);
    if (!source) return source.error();
    sources.push_back(std::move(*source));
  }
  node.remove_attribute(name);
  for (auto& source : sources) {
    if (auto brought = bring_requirements(edit, source); !brought) return brought;
    Graph& body = node.add_body(name, type);
    Splice copy;
    if (auto bound = bind_outer_values(source->graph(), node.graph(), copy); !bound) return bound;
    if (auto free = check_names_free(source->graph(), node.graph(), copy, true); !free) return free;
    if (auto copied = splice_body(source->graph(), body, copy); !copied) return copied;
  }
  return {};
}

Result<void> set_reference(const Model& model, Node& node, const std::string& name,
                           AttributeType declared, const Token& token) {
  const Graph* root = &node.graph();
  while (root->owner() != nullptr) root = &root->owner()->graph();
  if (root == &model.graph())
    return fail("'ref:' names an attribute of a function, and '{}' stands in none", node.address());
  const Attribute* existing = node.attribute(name);
  const AttributeType type = existing ? existing->type : declared;
  if (type == AttributeType::Undefined)
    return fail("the type of '{}' is not known; set it to a value first", to_valid_utf8(name));
  WireRope rope;
  rope.text_field(kAttributeName, name);
  rope.varint_field(kAttributeType, static_cast<uint64_t>(type));
  rope.text_field(kAttributeRefName, token.text);
  node.set_attribute(rope);
  return {};
}

Result<void> set_typed(Edit& edit, Node& node, const std::string& name, AttributeType declared,
                       Token token) {
  static const std::vector<std::string> kPrefixes = type_names();
  const std::string prefix = take_prefix(token, kPrefixes);
  if (prefix == "ref") return set_reference(edit.model(), node, name, declared, token);
  const Attribute* existing = node.attribute(name);
  AttributeType type = declared;
  if (type == AttributeType::Undefined && !prefix.empty()) type = type_called(prefix);
  if (type == AttributeType::Undefined && existing != nullptr) type = existing->type;
  if (type == AttributeType::Undefined) type = type_of_literal(token);
  const bool is_body = type == AttributeType::Graph || type == AttributeType::Graphs;
  if (is_body && type_called(prefix) != type)
    return fail("'{}' holds a body, whose nodes are edited one by one; {}:FILE replaces it",
                to_valid_utf8(name), attribute_type_name(type));
  if (is_body) return set_bodies(edit, node, name, type, token);
  if (!prefix.empty() && type_called(prefix) != type)
    return fail("found {}: for '{}'; expected a value of type {}", prefix, to_valid_utf8(name),
                attribute_type_name(type));
  const bool plain = type >= AttributeType::Float && type <= AttributeType::Strings &&
                     type != AttributeType::Tensor;
  auto rope =
      plain ? encode_plain(name, type, token) : encode_messages(edit, node, name, type, token);
  if (!rope) return rope.error();
  node.set_attribute(*rope);
  return {};
}

}  // namespace

Result<void> set_attribute_argument(Edit& edit, Node& node, const Token& name, const Token& value) {
  if (name.text.empty())
    return edit.blame(name, fail("found an attribute without a name; expected one"));
  auto declared = declared_type(edit.model(), node, name.text);
  if (!declared) return edit.blame(name, declared.error());
  auto set = set_typed(edit, node, name.text, *declared, value);
  return set ? Result<void>() : edit.blame(value, set.error());
}

}  // namespace acuate
