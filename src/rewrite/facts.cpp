#include "rewrite/facts.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace acuate {
namespace {

constexpr int64_t kMaxElements =
    4096;  // larger constants never are shapes, axes or neutral elements

// IEEE binary16 to double.
double half_value(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const double fraction = bits & 1023;
  double value = 0;
  if (exponent == 31)
    value = fraction == 0 ? INFINITY : NAN;
  else if (exponent == 0)
    value = std::ldexp(fraction, -24);
  else
    value = std::ldexp(fraction + 1024, exponent - 25);
  return (bits & 0x8000) != 0 ? -value : value;
}

template <class T>
bool all_are(const Tensor& tensor, double expected) {
  const auto values = tensor.values<T>();
  return std::all_of(values.begin(), values.end(), [&](T element) {
    double value = 0;
    if constexpr (std::is_same_v<T, uint16_t>)
      value = half_value(element);
    else
      value = static_cast<double>(element);
    return value == expected && std::signbit(value) == std::signbit(expected);
  });
}

}  // namespace

bool same_dim(const Dim& a, const Dim& b) {
  if (a.is_known() || b.is_known()) return a.value == b.value;
  return !a.name.empty() && a.name == b.name;
}

bool same_shape(const Value& a, const Value& b) {
  return a.type.kind == ValueType::Kind::Tensor && b.type.kind == ValueType::Kind::Tensor &&
         a.type.shape && b.type.shape && a.type.shape->size() == b.type.shape->size() &&
         std::equal(a.type.shape->begin(), a.type.shape->end(), b.type.shape->begin(), same_dim);
}

bool same_type(const Value& a, const Value& b) {
  return same_shape(a, b) && a.type.element == b.type.element &&
         a.type.element != ElementType::Undefined;
}

std::optional<int64_t> rank_of(const Value* value) {
  if (value == nullptr || value->type.kind != ValueType::Kind::Tensor || !value->type.shape)
    return std::nullopt;
  return static_cast<int64_t>(value->type.shape->size());
}

std::optional<int64_t> normalized_axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) return std::nullopt;
  return axis < 0 ? axis + rank : axis;
}

std::optional<std::vector<int64_t>> int_constant(const Value* value) {
  if (value == nullptr || !value->is_constant()) return std::nullopt;
  const TensorRef& ref = *value->initializer;
  if (ref.size() > kMaxElements ||
      (ref.type != ElementType::Int64 && ref.type != ElementType::Int32))
    return std::nullopt;
  const auto tensor = value->graph->model().load(ref);
  if (!tensor) return std::nullopt;
  std::vector<int64_t> out(static_cast<size_t>(ref.size()));
  const std::byte* bytes = tensor->bytes().data();
  for (size_t i = 0; i < out.size(); ++i)
    if (ref.type == ElementType::Int64) {
      std::memcpy(&out[i], bytes + i * sizeof(int64_t), sizeof(int64_t));
    } else {
      int32_t element = 0;
      std::memcpy(&element, bytes + i * sizeof element, sizeof element);
      out[i] = element;
    }
  return out;
}

bool is_constant_of(const Value* value, double expected) {
  if (value == nullptr || !value->is_constant() || value->initializer->size() > kMaxElements ||
      value->initializer->size() == 0)
    return false;
  const auto tensor = value->graph->model().load(*value->initializer);
  if (!tensor) return false;
  switch (tensor->type()) {
    case ElementType::Float:
      return all_are<float>(*tensor, expected);
    case ElementType::Double:
      return all_are<double>(*tensor, expected);
    case ElementType::Float16:
      return all_are<uint16_t>(*tensor, expected);
    case ElementType::Int64:
      return all_are<int64_t>(*tensor, expected);
    case ElementType::Int32:
      return all_are<int32_t>(*tensor, expected);
    case ElementType::Int8:
      return all_are<int8_t>(*tensor, expected);
    case ElementType::Uint8:
    case ElementType::Bool:
      return all_are<uint8_t>(*tensor, expected);
    default:
      return false;
  }
}

std::optional<double> scalar_constant(const Value* value) {
  if (value == nullptr || !value->is_constant() || value->initializer->size() != 1)
    return std::nullopt;
  const auto tensor = value->graph->model().load(*value->initializer);
  if (!tensor) return std::nullopt;
  switch (tensor->type()) {
    case ElementType::Float:
      return tensor->values<float>()[0];
    case ElementType::Double:
      return tensor->values<double>()[0];
    case ElementType::Float16:
      return half_value(tensor->values<uint16_t>()[0]);
    case ElementType::Bfloat16: {
      const uint32_t bits = static_cast<uint32_t>(tensor->values<uint16_t>()[0]) << 16;
      float number = 0;
      std::memcpy(&number, &bits, sizeof number);
      return number;
    }
    case ElementType::Int32:
      return tensor->values<int32_t>()[0];
    case ElementType::Int64:
      return static_cast<double>(tensor->values<int64_t>()[0]);
    default:
      return std::nullopt;
  }
}

std::optional<std::vector<int64_t>> axes_of(const Node& node, size_t slot) {
  if (node.attribute("axes") != nullptr) return node.ints_attribute("axes");
  if (node.input(slot) == nullptr) return std::vector<int64_t>{};
  return int_constant(node.input(slot));
}

bool is_deterministic(const Node& node) {
  if (!node.domain().empty() && node.domain() != "ai.onnx.ml") return false;
  constexpr std::string_view kRandom[] = {
      "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike",
      "Multinomial",  "Bernoulli",     "Dropout"};
  if (std::find(std::begin(kRandom), std::end(kRandom), node.op_type()) != std::end(kRandom))
    return false;
  return std::all_of(node.attributes().begin(), node.attributes().end(),
                     [](const Attribute& attribute) { return attribute.graphs.empty(); });
}

Node* sole_reader(const Value& value) {
  if (value.is_output() || value.uses().size() != 1) return nullptr;
  Node* reader = value.uses()[0].node;
  return &reader->graph() == value.graph ? reader : nullptr;
}

}  // namespace acuate
