#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "numeric/quantize_values.h"
#include "targets/quantization.h"

namespace acuate {
namespace {

constexpr int64_t kBlocksOpset = 21;  // the first with integers of 4 bits and scales in blocks

class QdqEmitter {
 public:
  QdqEmitter(Model& model, const QuantizationRules& rules)
      : model_(model), graph_(model.graph()), rules_(rules) {}

  Result<void> run(const Encodings& encodings) {
    if (model_.opset_version() < 13)
      return fail(
          "quantization needs opset 13 for per-channel scales, the model has {}; convert it first",
          model_.opset_version());
    for (const TensorEncoding& encoding : encodings.tensors) {
      Value* value = graph_.find(encoding.tensor);
      if (value == nullptr || !value->is_defined())
        return fail("there is an encoding for the tensor '{}', which the model does not have",
                    to_valid_utf8(encoding.tensor));
      by_value_.emplace(value, &encoding.quantization);
      weights_only_ &= value->is_constant();
      const Quantization& grid = encoding.quantization;
      if ((grid.bits < 8 || grid.block_size > 0) && model_.opset_version() < kBlocksOpset)
        return fail(
            "weights of 4 bits and scales in blocks need opset {}, the model has {}; convert it "
            "first",
            kBlocksOpset, model_.opset_version());
    }
    // Where every tensor has a grid, what is only moved shares one; elsewhere a tensor without its
    // own is float, as hybrids want it.
    const bool shares = rules_.placement == QuantizationRules::Placement::Everywhere;
    for (Node* node = graph_.first(); shares && node != nullptr; node = node->next())
      if (const Quantization* shared = moves_values(*node) ? encoding_of(node->input(0)) : nullptr)
        for (const Value* output : node->outputs()) by_value_.emplace(output, shared);
    // Biases first: their scale needs the float names of data input and weight.
    for (Node* node = graph_.first(); node != nullptr; node = node->next())
      if (auto emitted = emit_bias(*node); !emitted) return emitted;
    // Who runs in integers is judged on the float graph, before any pair is in it.
    for (Node* node = graph_.first(); node != nullptr; node = node->next())
      if (is_integer(*node)) integer_nodes_.insert(node);
    for (const TensorEncoding& encoding : encodings.tensors) {
      Value* value = graph_.find(encoding.tensor);
      auto emitted = value->is_constant() ? emit_weight(*value, encoding.quantization)
                                          : emit_activation(*value, encoding.quantization);
      if (!emitted) return emitted;
    }
    return {};
  }

 private:
  const Quantization* encoding_of(const Value* value) const {
    const auto found = by_value_.find(value);
    return found == by_value_.end() ? nullptr : found->second;
  }

  // Whether the node is to run in integers: its data have a grid, and so has its result where the
  // target wants one there.
  bool is_integer(const Node& node) const {
    using Placement = QuantizationRules::Placement;
    const Quantization* data = encoding_of(node.input(0));
    if (node.output() == nullptr || data == nullptr) return false;
    // Integers meet integers, short floats short floats.
    if (const Quantization* weight = encoding_of(node.input(1));
        weight != nullptr && weight->is_float() != data->is_float())
      return false;
    return rules_.placement == Placement::Inputs || rules_.placement == Placement::Residuals ||
           encoding_of(quantized_output(node)) != nullptr;
  }

  // The operators' own domain knows integers of 16 bits from opset 21 on; before, those of ONNX
  // Runtime stand in, which have the same inputs, attributes and results.
  std::string domain_of(ElementType integers) {
    const bool wide = integers == ElementType::Int16 || integers == ElementType::Uint16;
    if (!wide || model_.opset_version() >= 21) return {};
    if (model_.opset_version("com.microsoft") == 0) model_.set_opset("com.microsoft", 1);
    return "com.microsoft";
  }

  Value* constant(const std::string& stem, const Tensor& tensor) {
    Value* value = graph_.add_value(graph_.unused_name(stem));
    graph_.set_initializer(*value, tensor);
    return value;
  }

  Value* scale_constant(const std::string& stem, const std::vector<float>& scale,
                        bool per_channel) {
    Shape shape;
    if (per_channel) shape = {static_cast<int64_t>(scale.size())};
    return scale_constant(stem, scale, shape);
  }
  Value* scale_constant(const std::string& stem, const std::vector<float>& scale,
                        const Shape& shape) {
    return constant(stem + "_scale", Tensor::of<float>(shape, std::span<const float>(scale)));
  }

  Value* zero_point_constant(const std::string& stem, const Quantization& quantization,
                             bool offset) {
    Shape shape;
    if (quantization.per_channel_axis >= 0)
      shape = {static_cast<int64_t>(quantization.zero_point.size())};
    Tensor tensor =
        Tensor::allocate(offset ? ElementType::Uint8 : quantization.element_type(), shape);
    for (size_t i = 0; i < quantization.zero_point.size(); ++i) {
      const int32_t zero_point = quantization.zero_point[i] + (offset ? 128 : 0);
      std::memcpy(
          tensor.mutable_bytes().data() + i * static_cast<size_t>(element_bits(tensor.type()) / 8),
          &zero_point, static_cast<size_t>(element_bits(tensor.type()) / 8));
    }
    return constant(stem + "_zero_point", tensor);
  }

  Node* add_dequantize(const std::string& domain, const std::string& stem, Value* quantized,
                       Value* scale, Value* zero_point, int axis, Value* result, Node* before) {
    std::vector<Value*> inputs{quantized, scale};
    if (zero_point != nullptr) inputs.push_back(zero_point);
    // A bias that several nodes share is quantized for each: numbered as its values are.
    const std::string number(result->name.substr(stem.size() + std::strlen("_dequantized")));
    Node* node = graph_.add_node("DequantizeLinear", domain, stem + "_DequantizeLinear" + number,
                                 inputs, {result}, before);
    if (axis >= 0) node->set_attribute(encode_attribute("axis", static_cast<int64_t>(axis)));
    return node;
  }

  void add_cast(const std::string& name, Value& from, ElementType to, Value& result, Node* before) {
    Node* node = graph_.add_node("Cast", "", name, {&from}, {&result}, before);
    node->set_attribute(encode_attribute("to", static_cast<int64_t>(to)));
  }

  Result<void> emit_bias(Node& node) {
    if (!rules_.integer_bias) return {};
    if (!node.is_op("Conv") && !node.is_op("ConvTranspose") && !node.is_op("Gemm")) return {};
    Value* bias = node.input(2);
    const Quantization* data = encoding_of(node.input(0));
    const Quantization* weight = encoding_of(node.input(1));
    if (bias == nullptr || data == nullptr || weight == nullptr || !bias->is_constant() ||
        data->is_float() || !is_integer(node))
      return {};
    auto values = model_.load(*bias->initializer);
    if (!values)
      return fail("bias '{}' of node '{}': {}", to_valid_utf8(bias->name), node.address(),
                  values.error().message);
    auto quantized = quantize_bias(*values, data->scale[0], weight->scale);
    if (!quantized)
      return fail("bias '{}' of node '{}': {}", to_valid_utf8(bias->name), node.address(),
                  quantized.error().message);
    if (quantized->saturated > 0)
      return {};  // the float bias is exact; the engine then adds it in float
    const std::string stem(bias->name);
    Value* integers = constant(stem + "_quantized", quantized->integers);
    Value* result = graph_.add_value(graph_.unused_name(stem + "_dequantized"));
    if (weight->scale.size() == 1) quantized->scale.resize(1);  // all the same
    const bool per_channel = quantized->scale.size() > 1;
    add_dequantize("", stem, integers,
                   scale_constant(stem + "_quantized", quantized->scale, per_channel), nullptr,
                   per_channel ? 0 : -1, result, &node);
    node.set_input(2, result);
    drop_if_unused(*bias);
    return {};
  }

  // Integers that engines put back into floats, or multiply with as they are. For a Gemm of
  // transposed weights they are stored the other way round, since engines have no such product.
  Result<void> emit_weight_alone(Value& weight, Quantization grid) {
    std::vector<Use> readers;
    for (const Use& use : weight.uses())
      if (use.slot == 1 && (use.node->is_op("MatMul") || use.node->is_op("Gemm")))
        readers.push_back(use);
    if (readers.empty()) return {};
    auto values = model_.load(*weight.initializer);
    if (!values) return fail("weight '{}': {}", to_valid_utf8(weight.name), values.error().message);
    const bool transpose = std::all_of(readers.begin(), readers.end(), [](const Use& use) {
      return use.node->is_op("Gemm") && use.node->int_attribute("transB", 0) != 0;
    });
    Tensor stored = *values;
    if (transpose) {
      stored = transposed(*values);
      if (grid.block_size > 0) {
        const int64_t rows = values->shape()[0];
        const Tensor scale = Tensor::of<float>(
            {rows, static_cast<int64_t>(grid.scale.size()) / rows}, std::span(grid.scale));
        const Tensor turned = transposed(scale);
        grid.scale.assign(turned.values<float>().begin(), turned.values<float>().end());
      }
      if (grid.per_channel_axis >= 0) grid.per_channel_axis = 1 - grid.per_channel_axis;
      for (const Use& use : readers)
        use.node->set_attribute(encode_attribute("transB", int64_t{0}));
    }
    auto integers = quantize(stored, grid);
    if (!integers)
      return fail("weight '{}': {}", to_valid_utf8(weight.name), integers.error().message);
    const std::string stem(weight.name);
    Shape shape;
    if (grid.per_channel_axis >= 0) shape = {static_cast<int64_t>(grid.scale.size())};
    if (grid.block_size > 0) {
      shape = stored.shape();
      int64_t& along = shape[static_cast<size_t>(grid.per_channel_axis)];
      along = (along + grid.block_size - 1) / grid.block_size;
    }
    Value* quantized = constant(stem + "_quantized", *integers);
    Value* result = graph_.add_value(graph_.unused_name(stem + "_dequantized"));
    Node* node = add_dequantize("", stem, quantized, scale_constant(stem, grid.scale, shape),
                                nullptr, grid.per_channel_axis, result, graph_.first());
    if (grid.block_size > 0)
      node->set_attribute(encode_attribute("block_size", static_cast<int64_t>(grid.block_size)));
    for (const Use& use : readers) use.node->set_input(use.slot, result);
    drop_if_unused(weight);
    return {};
  }

  static Tensor transposed(const Tensor& matrix) {
    const auto rows = static_cast<size_t>(matrix.shape()[0]),
               columns = static_cast<size_t>(matrix.shape()[1]);
    Tensor out = Tensor::allocate(ElementType::Float, {matrix.shape()[1], matrix.shape()[0]});
    for (size_t r = 0; r < rows; ++r)
      for (size_t c = 0; c < columns; ++c)
        out.mutable_values<float>()[c * rows + r] = matrix.values<float>()[r * columns + c];
    return out;
  }

  // Nothing where no node that runs in integers reads it.
  Result<void> emit_weight(Value& weight, const Quantization& quantization) {
    if (weights_only_) return emit_weight_alone(weight, quantization);
    std::vector<Use> readers;
    for (const Use& use : weight.uses())
      if (integer_nodes_.count(use.node) > 0) readers.push_back(use);
    if (readers.empty()) return {};
    auto values = model_.load(*weight.initializer);
    if (!values) return fail("weight '{}': {}", to_valid_utf8(weight.name), values.error().message);
    auto integers = quantize(*values, quantization);
    if (!integers)
      return fail("weight '{}': {}", to_valid_utf8(weight.name), integers.error().message);
    const std::string stem(weight.name);
    Value* stored = constant(stem + "_quantized", *integers);
    Value* result = graph_.add_value(graph_.unused_name(stem + "_dequantized"));
    if (quantization.is_float())
      add_cast(stem + "_to_float", *stored, ElementType::Float, *result, graph_.first());
    else
      add_dequantize(domain_of(integers->type()), stem, stored,
                     scale_constant(stem, quantization.scale, quantization.per_channel_axis >= 0),
                     zero_point_constant(stem, quantization, false), quantization.per_channel_axis,
                     result, graph_.first());
    for (const Use& use : readers) use.node->set_input(use.slot, result);
    drop_if_unused(weight);
    return {};
  }

  Result<void> emit_activation(Value& value, const Quantization& quantization) {
    if (quantization.per_channel_axis >= 0)
      return fail("activation '{}' has a per-channel encoding; targets take one scale",
                  to_valid_utf8(value.name));
    const bool offset = quantization.is_signed && quantization.bits == 8 &&
                        rules_.signed_grid == QuantizationRules::SignedGrid::UnsignedWithOffset;
    const std::string stem(value.name);
    Node* before = value.producer ? value.producer->next() : graph_.first();
    Value* integers = graph_.add_value(graph_.unused_name(stem + "_quantized"));
    Value* result = graph_.add_value(graph_.unused_name(stem + "_dequantized"));
    const bool was_output = value.is_output();
    graph_.replace_uses(value, *result);
    if (quantization.is_float()) {
      add_cast(stem + "_to_" + quantization.scheme, value, quantization.element_type(), *integers,
               before);
      add_cast(stem + "_to_float", *integers, ElementType::Float, *result, before);
    } else {
      Value* scale = scale_constant(stem, quantization.scale, false);
      Value* zero_point = zero_point_constant(stem, quantization, offset);
      const std::string domain = domain_of(zero_point->initializer->type);
      graph_.add_node("QuantizeLinear", domain, stem + "_QuantizeLinear",
                      {&value, scale, zero_point}, {integers}, before);
      add_dequantize(domain, stem, integers, scale, zero_point, -1, result, before);
    }
    if (was_output) {  // the output keeps its name: it is the dequantized one now
      const ValueType type = value.type;
      graph_.rename(value, graph_.unused_name(stem + "_float"));
      graph_.rename(*result, stem);
      graph_.set_type(*result, type);
    }
    return {};
  }

  void drop_if_unused(Value& constant_value) {
    if (constant_value.is_unused() && constant_value.is_constant())
      graph_.remove_initializer(constant_value);
  }

  Model& model_;
  Graph& graph_;
  const QuantizationRules& rules_;
  std::unordered_map<const Value*, const Quantization*> by_value_;
  std::unordered_set<const Node*> integer_nodes_;
  bool weights_only_ = true;
};

}  // namespace

Result<void> emit_qdq(Model& model, const Encodings& encodings, const QuantizationRules& rules) {
  return QdqEmitter(model, rules).run(encodings);
}

}  // namespace acuate
