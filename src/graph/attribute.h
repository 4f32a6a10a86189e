#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/wire.h"

namespace acuate {

class Graph;

// AttributeProto.AttributeType of onnx.proto3, same numbers.
enum class AttributeType : int32_t {
  Undefined = 0,
  Float = 1,
  Int = 2,
  String = 3,
  Tensor = 4,
  Graph = 5,
  Floats = 6,
  Ints = 7,
  Strings = 8,
  Tensors = 9,
  Graphs = 10,
  SparseTensor = 11,
  SparseTensors = 12,
  TypeProto = 13,
  TypeProtos = 14,
};
std::string_view attribute_type_name(AttributeType type);

// One attribute of a node, kept as its wire bytes and decoded where it is read. Bodies of control
// flow are parsed, since their nodes use outer values; everything else stays as it came.
struct Attribute {
  std::string_view name;
  AttributeType type = AttributeType::Undefined;
  std::string_view ref_attr_name;  // inside a function: the function attribute that gives the value
  Bytes wire;                      // AttributeProto without tag and length
  std::vector<std::unique_ptr<Graph>> graphs;

  Attribute();
  Attribute(Attribute&&) noexcept;
  Attribute& operator=(Attribute&&) noexcept;
  ~Attribute();

  // Nothing where the attribute has another type or is malformed.
  std::optional<int64_t> as_int() const;
  std::optional<float> as_float() const;
  std::optional<std::string_view> as_string() const;
  std::optional<std::vector<int64_t>> as_ints() const;
  std::optional<std::vector<float>> as_floats() const;
  std::optional<std::vector<std::string_view>> as_strings() const;
  std::optional<Bytes> as_tensor() const;  // the TensorProto

  // For people: `1`, `[1, 2]`, `"text"`, `tensor`, `graph`.
  std::string value_text() const;
};

// AttributeProto messages; the caller keeps the flattened bytes alive (Model::own).
WireRope encode_attribute(std::string_view name, int64_t value);
WireRope encode_attribute(std::string_view name, float value);
WireRope encode_attribute(std::string_view name, std::string_view value);
WireRope encode_attribute(std::string_view name, std::span<const int64_t> values);
WireRope encode_attribute(std::string_view name, std::span<const float> values);

// Field numbers of AttributeProto, onnx.proto3.
enum AttributeField : uint32_t {
  kAttributeName = 1,
  kAttributeFloat = 2,
  kAttributeInt = 3,
  kAttributeString = 4,
  kAttributeTensor = 5,
  kAttributeGraph = 6,
  kAttributeFloats = 7,
  kAttributeInts = 8,
  kAttributeStrings = 9,
  kAttributeGraphs = 11,
  kAttributeType = 20,
  kAttributeRefName = 21,
};

}  // namespace acuate
