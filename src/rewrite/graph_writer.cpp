#include "rewrite/graph_writer.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "rewrite/expansion.h"

namespace acuate {
namespace {

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return tolower(c); });
  return out;
}

// IEEE 754 binary16, rounded to nearest, ties to even.
uint16_t half_bits(double number) {
  const auto sign = static_cast<uint16_t>(std::signbit(number) ? 0x8000 : 0);
  const double size = std::abs(number);
  if (size >= 65520) return sign | 0x7C00;
  const int exponent = size == 0 ? -14 : std::max(std::ilogb(size), -14);
  // Steps of the last place; 1024 of them are the hidden bit, 2048 carry into the exponent.
  const auto steps = static_cast<int>(std::nearbyint(std::ldexp(size, 10 - exponent)));
  return static_cast<uint16_t>(sign | (((exponent + 14) << 10) + steps));
}

uint16_t bfloat_bits(double number) {
  const auto bits = std::bit_cast<uint32_t>(static_cast<float>(number));
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

Tensor half_scalar(ElementType type, uint16_t bits) {
  Tensor tensor = Tensor::allocate(type, {});
  tensor.mutable_values<uint16_t>()[0] = bits;
  return tensor;
}

}  // namespace

GraphWriter::GraphWriter(Graph& graph, Node* before, std::string stem, ElementType element)
    : graph_(graph),
      opset_(graph.opset_version()),
      before_(before),
      stem_(std::move(stem)),
      element_(element) {}

Value* GraphWriter::new_value(std::string_view suffix) {
  return graph_.add_value(graph_.unused_name(stem_ + "_" + std::string(suffix)));
}

Value* GraphWriter::add(std::string_view op_type, const std::vector<Value*>& inputs,
                        const Settings& settings) {
  return add_several(op_type, inputs, settings, 1)[0];
}

std::vector<Value*> GraphWriter::add_several(std::string_view op_type,
                                             const std::vector<Value*>& inputs,
                                             const Settings& settings, size_t outputs) {
  std::vector<Value*> results;
  for (size_t i = 0; i < outputs; ++i) results.push_back(new_value(lower_case(op_type)));
  Node* node = graph_.add_node(op_type, "", "", inputs, results, before_);
  for (const auto& [name, setting] : settings)
    std::visit(
        [&](const auto& value) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::vector<int64_t>>)
            node->set_attribute(encode_attribute(name, std::span<const int64_t>(value)));
          else
            node->set_attribute(encode_attribute(name, value));
        },
        setting);
  made_.push_back(node);
  return results;
}

Value* GraphWriter::constant(const Tensor& tensor) {
  Value* value = new_value("constant");
  graph_.set_initializer(*value, tensor);
  return value;
}

Value* GraphWriter::reshaped_constant(const Value& constant, Shape shape) {
  const auto tensor = known_tensor(&constant);
  ACUATE_CHECK(tensor.has_value(), "a constant that was found before");
  return this->constant(tensor->reshaped(std::move(shape)));
}

Value* GraphWriter::number(double number) {
  Value*& value = numbers_[number];
  if (value != nullptr) return value;
  switch (element_) {
    case ElementType::Float:
      return value = constant(Tensor::of<float>({}, {static_cast<float>(number)}));
    case ElementType::Double:
      return value = constant(Tensor::of<double>({}, {number}));
    case ElementType::Float16:
      return value = constant(half_scalar(ElementType::Float16, half_bits(number)));
    case ElementType::Bfloat16:
      return value = constant(half_scalar(ElementType::Bfloat16, bfloat_bits(number)));
    case ElementType::Int32:
      return value = constant(Tensor::of<int32_t>({}, {static_cast<int32_t>(number)}));
    case ElementType::Int64:
      return value = constant(Tensor::of<int64_t>({}, {static_cast<int64_t>(number)}));
    default:
      ACUATE_CHECK(false, "numbers of this type are not written");
  }
}

Value* GraphWriter::ints(const std::vector<int64_t>& numbers) {
  return constant(Tensor::of<int64_t>({static_cast<int64_t>(numbers.size())},
                                      std::span<const int64_t>(numbers)));
}

Value* GraphWriter::reshape(Value* x, const Shape& shape) {
  return add("Reshape", {x, ints(shape)});
}

Value* GraphWriter::transpose(Value* x, const std::vector<int64_t>& permutation) {
  return add("Transpose", {x}, {{"perm", permutation}});
}

Value* GraphWriter::reduce(std::string_view op_type, Value* x, const std::vector<int64_t>& axes,
                           bool keeps_axes) {
  const Setting keepdims{"keepdims", int64_t{keeps_axes}};
  if (opset_ >= (op_type == "ReduceSum" ? 13 : 18))
    return add(op_type, {x, ints(axes)}, {keepdims});
  return add(op_type, {x}, {{"axes", axes}, keepdims});
}

Value* GraphWriter::slice(Value* x, int64_t axis, int64_t begin, int64_t end, int64_t step) {
  if (opset_ >= 10)
    return add("Slice", {x, ints({begin}), ints({end}), ints({axis}), ints({step})});
  ACUATE_CHECK(step == 1, "Slice has steps from opset 10 on");
  return add("Slice", {x},
             {{"starts", std::vector<int64_t>{begin}},
              {"ends", std::vector<int64_t>{end}},
              {"axes", std::vector<int64_t>{axis}}});
}

Value* GraphWriter::squeeze(Value* x, int64_t axis) {
  if (opset_ >= 13) return add("Squeeze", {x, ints({axis})});
  return add("Squeeze", {x}, {{"axes", std::vector<int64_t>{axis}}});
}

Value* GraphWriter::unsqueeze(Value* x, int64_t axis) {
  if (opset_ >= 13) return add("Unsqueeze", {x, ints({axis})});
  return add("Unsqueeze", {x}, {{"axes", std::vector<int64_t>{axis}}});
}

Value* GraphWriter::clip(Value* x, double lowest, double highest) {
  if (opset_ >= 11) return add("Clip", {x, number(lowest), number(highest)});
  return add("Clip", {x},
             {{"min", static_cast<float>(lowest)}, {"max", static_cast<float>(highest)}});
}

}  // namespace acuate
