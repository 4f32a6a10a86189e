#include "quantize/import_qdq.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

bool is_quantize(const Node& node) { return node.op_type() == "QuantizeLinear"; }
bool is_dequantize(const Node& node) { return node.op_type() == "DequantizeLinear"; }

template <class T>
std::vector<double> widened(const Tensor& tensor) {
  const auto values = tensor.values<T>();
  return {values.begin(), values.end()};
}

std::optional<std::vector<double>> integers_of(const Tensor& tensor) {
  switch (tensor.type()) {
    case ElementType::Int8:
      return widened<int8_t>(tensor);
    case ElementType::Uint8:
      return widened<uint8_t>(tensor);
    case ElementType::Int16:
      return widened<int16_t>(tensor);
    case ElementType::Uint16:
      return widened<uint16_t>(tensor);
    case ElementType::Int32:
      return widened<int32_t>(tensor);
    default:
      return std::nullopt;
  }
}

// The grid as a node names it, in any of the types that ONNX has for it.
struct Grid {
  ElementType type = ElementType::Undefined;
  std::vector<float> scale;
  std::vector<double> zero_point;
  int axis = -1;
  bool operator==(const Grid&) const = default;
};

Error at(const Node& node, std::string_view problem) {
  return fail("node '{}' ({}): {}", node.address(), node.op_type(), problem);
}

class Importer {
 public:
  explicit Importer(const Model& model) : model_(model.clone()) {}

  Result<ImportedQdq> run() {
    for (const Graph* graph : model_->all_graphs())
      for (const Node* node = graph->first(); node != nullptr; node = node->next())
        if (auto fits = refuse(*node); !fits) return fits.error();
    Graph& graph = model_->graph();
    for (Node* node = graph.first(); node != nullptr;) {
      Node* next = node->next();
      if (is_dequantize(*node))
        if (auto taken = take_apart(*node); !taken) return taken.error();
      node = next;
    }
    for (Node* node = graph.first(); node != nullptr;) {
      Node* next = node->next();
      if (is_quantize(*node)) {
        if (!node->output()->is_unused())
          return at(*node, "its integers are read by something else than DequantizeLinear");
        remove(*node);
      }
      node = next;
    }
    if (encodings_.tensors.empty())
      return fail("the model is not quantized: it has no QuantizeLinear and DequantizeLinear");
    return ImportedQdq{std::move(model_), std::move(encodings_)};
  }

 private:
  Result<void> refuse(const Node& node) const {
    const std::string_view op = node.op_type();
    if (op == "DynamicQuantizeLinear" || op.starts_with("QLinear") || op == "ConvInteger" ||
        op == "MatMulInteger" || op == "MatMulNBits" || op == "QGemm" || op == "QAttention")
      return at(node,
                "it computes on integers by itself; only pairs of QuantizeLinear and "
                "DequantizeLinear can be taken apart");
    if (!is_quantize(node) && !is_dequantize(node)) return {};
    if (&node.graph() != &model_->graph()) return at(node, "it stands in a body of another node");
    if (node.int_attribute("block_size", 0) != 0) return at(node, "its scales are in blocks");
    return {};
  }

  Result<Grid> grid_of(const Node& node, ElementType type) const {
    Grid grid;
    const auto scale = float_constant(node.input(1));
    if (!scale) return at(node, "its scale is not a float32 constant");
    grid.scale.assign(scale->values<float>().begin(), scale->values<float>().end());
    grid.zero_point.assign(grid.scale.size(), 0);
    if (const Value* value = node.input(2)) {
      if (!value->is_constant()) return at(node, "its zero point is not a constant");
      auto tensor = model_->load(*value->initializer);
      if (!tensor) return at(node, tensor.error().message);
      auto zeros = integers_of(*tensor);
      if (!zeros || zeros->size() != grid.scale.size())
        return at(node, "its zero point does not go with its scale");
      grid.zero_point = std::move(*zeros);
      type = tensor->type();
    }
    grid.type = type;
    if (!scale->shape().empty() && grid.scale.size() > 1)
      grid.axis = static_cast<int>(node.int_attribute("axis", 1));
    return grid;
  }

  // As an encoding says it: integers with sign and an offset become those without.
  static Result<TensorEncoding> encoding_of(const Node& node, const Value& tensor,
                                            const Grid& grid) {
    const bool is_wide = grid.type == ElementType::Int16 || grid.type == ElementType::Uint16;
    const bool is_signed = grid.type == ElementType::Int8 || grid.type == ElementType::Int16;
    if (!is_wide && !is_signed && grid.type != ElementType::Uint8)
      return at(node, "its integers are " + std::string(element_type_name(grid.type)) +
                          "; 8 and 16 bits can be imported");
    const bool has_offset = std::any_of(grid.zero_point.begin(), grid.zero_point.end(),
                                        [](double zero_point) { return zero_point != 0; });
    const double shift = is_signed && has_offset ? (is_wide ? 32768 : 128) : 0;
    TensorEncoding encoding;
    encoding.tensor = tensor.name;
    Quantization& out = encoding.quantization;
    out.scheme = std::string(is_signed && !has_offset ? "s" : "u") + (is_wide ? "16" : "8");
    out.bits = is_wide ? 16 : 8;
    out.is_signed = is_signed && !has_offset;
    out.scale = grid.scale;
    for (const double zero_point : grid.zero_point)
      out.zero_point.push_back(static_cast<int32_t>(zero_point + shift));
    out.per_channel_axis = grid.axis;
    const auto rank = tensor.is_constant() ? tensor.initializer->shape.size()
                      : tensor.type.shape  ? tensor.type.shape->size()
                                           : 0;
    if (grid.axis < -1) out.per_channel_axis += static_cast<int>(rank);
    if (grid.axis == -1 && grid.scale.size() > 1) out.per_channel_axis = static_cast<int>(rank) - 1;
    if (auto valid = check_quantization(out); !valid) return at(node, valid.error().message);
    for (size_t c = 0; c < out.scale.size(); ++c) {
      const AffineGrid channel = out.grid(c);
      encoding.range_min =
          std::min(encoding.range_min, static_cast<double>(channel.lowest) * channel.scale);
      encoding.range_max =
          std::max(encoding.range_max, static_cast<double>(channel.highest) * channel.scale);
    }
    return encoding;
  }

  Result<void> add_encoding(const Node& node, const Value& tensor, const Grid& grid) {
    auto encoding = encoding_of(node, tensor, grid);
    if (!encoding) return encoding.error();
    const auto [place, is_new] = places_.emplace(tensor.name, encodings_.tensors.size());
    if (is_new) {
      encodings_.tensors.push_back(std::move(*encoding));
    } else if (encodings_.tensors[place->second] != *encoding) {
      return at(node, "tensor '" + to_valid_utf8(tensor.name) +
                          "' has another grid in another place; one tensor has one encoding");
    }
    return {};
  }

  Result<void> take_apart(Node& dequantize) {
    Value* integers = dequantize.input(0);
    if (integers == nullptr) return at(dequantize, "its input is missing");
    if (integers->is_constant()) return take_weight(dequantize, *integers);
    Node* quantize = integers->producer;
    if (quantize == nullptr || !is_quantize(*quantize))
      return at(dequantize, "its integers come from no QuantizeLinear");
    auto grid = grid_of(*quantize, ElementType::Uint8);
    if (!grid) return grid.error();
    auto other = grid_of(dequantize, grid->type);
    if (!other) return other.error();
    if (*grid != *other) return at(dequantize, "its QuantizeLinear has another grid");
    Value* tensor = quantize->input(0);
    Value* result = dequantize.output();
    const std::string output_name = result->is_output() ? std::string(result->name) : "";
    Graph& graph = model_->graph();
    const ValueType type = result->type;
    graph.replace_uses(*result, *tensor);
    remove(dequantize);
    // The output's name stays, and so does an input's, which cannot be called otherwise.
    if (!output_name.empty()) {
      if (tensor->is_input || tensor->is_constant())
        return fail("output '{}' is the input '{}' on a grid; there is nothing else to quantize",
                    to_valid_utf8(output_name), to_valid_utf8(tensor->name));
      const auto old = places_.find(std::string(tensor->name));
      if (Value* gone = graph.find(output_name); gone != nullptr && gone != tensor)
        graph.rename(*gone, graph.unused_name(output_name + "_gone"));
      if (old != places_.end()) {
        encodings_.tensors[old->second].tensor = output_name;
        places_.emplace(output_name, old->second);
      }
      graph.rename(*tensor, output_name);
      graph.set_type(*tensor, type);
    }
    return add_encoding(*quantize, *tensor, *grid);
  }

  // Integers that are stored: the float numbers that they stand for take their place.
  Result<void> take_weight(Node& dequantize, Value& integers) {
    auto stored = model_->load(*integers.initializer);
    if (!stored) return at(dequantize, stored.error().message);
    auto grid = grid_of(dequantize, stored->type());
    if (!grid) return grid.error();
    const auto values = integers_of(*stored);
    if (!values)
      return at(dequantize, "its integers are " + std::string(element_type_name(stored->type())) +
                                "; 8 and 16 bits can be imported");
    const auto rank = static_cast<int>(stored->shape().size());
    const int axis = grid->axis < 0 ? grid->axis + rank : grid->axis;
    const bool per_channel = grid->scale.size() > 1;
    if (per_channel &&
        (axis < 0 || axis >= rank ||
         static_cast<size_t>(stored->shape()[static_cast<size_t>(axis)]) != grid->scale.size()))
      return at(dequantize, "its scales do not fit the shape " + format_shape(stored->shape()));
    size_t inner = 1;
    for (int i = axis + 1; per_channel && i < rank; ++i)
      inner *= static_cast<size_t>(stored->shape()[static_cast<size_t>(i)]);
    Tensor floats = Tensor::allocate(ElementType::Float, stored->shape());
    const auto out = floats.mutable_values<float>();
    for (size_t i = 0; i < out.size(); ++i) {
      const size_t channel = per_channel ? i / inner % grid->scale.size() : 0;
      out[i] = static_cast<float>(((*values)[i] - grid->zero_point[channel]) *
                                  static_cast<double>(grid->scale[channel]));
    }
    Graph& graph = model_->graph();
    Value* result = dequantize.output();
    if (result->is_output()) return at(dequantize, "it makes a constant an output");
    std::string stem(integers.name);
    constexpr std::string_view kSuffix = "_quantized";
    if (stem.ends_with(kSuffix)) stem.resize(stem.size() - kSuffix.size());
    if (Value* old = graph.find(stem); old != nullptr && !old->is_defined() && old->is_unused())
      graph.rename(*old, graph.unused_name(stem + "_gone"));
    Value* weight = graph.add_value(graph.unused_name(stem));
    graph.set_initializer(*weight, floats);
    graph.replace_uses(*result, *weight);
    Result<void> added;
    if (stored->type() != ElementType::Int32) added = add_encoding(dequantize, *weight, *grid);
    remove(dequantize);
    return added;
  }

  // With what only it read.
  void remove(Node& node) {
    Graph& graph = node.graph();
    std::vector<Value*> inputs;
    for (size_t slot = 0; slot < node.input_count(); ++slot) inputs.push_back(node.input(slot));
    Value* output = node.output();
    graph.remove_node(node);
    if (output->is_unused() && !output->is_output()) graph.remove_value(*output);
    for (Value* input : inputs)
      if (input != nullptr && input->is_constant() && input->is_unused() && !input->is_output())
        graph.remove_initializer(*input);
  }

  std::unique_ptr<Model> model_;
  Encodings encodings_;
  std::unordered_map<std::string, size_t> places_;  // of the tensors' encodings
};

}  // namespace

Result<ImportedQdq> import_qdq(const Model& model) { return Importer(model).run(); }

}  // namespace acuate
