#include "quantize/sensitivity_model.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "numeric/quantize_values.h"
#include "rewrite/graph_writer.h"

namespace acuate {
namespace {

// Of a weight: the nodes that multiply by it.
Result<std::vector<Node*>> readers(const Value& weight) {
  std::vector<Node*> nodes;
  for (const Use& use : weight.uses()) {
    const Node& node = *use.node;
    const bool multiplies = node.is_op("Conv") || node.is_op("Gemm") || node.is_op("MatMul");
    if (!multiplies || use.slot != 1 || node.graph().owner() != nullptr)
      return fail(
          "constant '{}' is read by '{}', as input {}; it is to be the second operand of "
          "Conv, Gemm or MatMul",
          to_valid_utf8(weight.name), node.address(), use.slot);
    nodes.push_back(use.node);
  }
  return nodes;
}

class SensitivityModelBuilder {
 public:
  SensitivityModelBuilder(const Model& model, const std::vector<SensitivityCandidate>& candidates)
      : model_(model), candidates_(candidates) {}

  Result<SensitivityModel> run() {
    std::vector<std::string> wanted;
    result_.not_reached.resize(candidates_.size());
    for (size_t i = 0; i < candidates_.size(); ++i) {
      const SensitivityCandidate& candidate = candidates_[i];
      const Value* value = model_.graph().find(candidate.tensor);
      if (value == nullptr)
        return fail("the model has no tensor '{}'", to_valid_utf8(candidate.tensor));
      if (!value->is_constant()) {
        for (const Quantization& grid : candidate.grids)
          if (grid.scale.size() != 1)
            return fail("activation '{}' has a per-channel grid; targets take one scale",
                        to_valid_utf8(candidate.tensor));
        wanted.push_back(candidate.tensor);
        continue;
      }
      auto nodes = readers(*value);
      if (!nodes) {
        result_.not_reached[i] = nodes.error().message;
        wanted.push_back(candidate.tensor);  // the outputs that depend on it are to be told
        continue;
      }
      for (const Node* node : *nodes) wanted.emplace_back(node->output()->name);
    }
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    auto backward = build_backward(model_, wanted);
    if (!backward) return backward.error();
    result_.backward = std::move(*backward);
    for (const auto& gradient : result_.backward.gradients)
      gradient_of_.emplace(gradient.tensor, gradient.output);
    for (const auto& missing : result_.backward.not_reached)
      reason_of_.emplace(missing.tensor, missing.reason);
    for (size_t i = 0; i < candidates_.size(); ++i)
      if (result_.not_reached[i].empty())
        if (auto added = add_readings(i); !added) return added.error();
    return std::move(result_);
  }

 private:
  Result<void> add_readings(size_t index) {
    const SensitivityCandidate& candidate = candidates_[index];
    Graph& graph = result_.backward.model->graph();
    Value& value = *graph.find(candidate.tensor);
    if (!value.is_constant()) {
      Reading reading{.tensor = index, .values = candidate.tensor};
      for (size_t i = 0; i < graph.inputs().size(); ++i)
        if (graph.inputs()[i] == &value) reading.input = static_cast<int64_t>(i);
      return add_reading(std::move(reading), value);
    }
    auto exact_nodes = readers(*model_.graph().find(candidate.tensor));
    if (!exact_nodes) return exact_nodes.error();
    std::vector<Node*> nodes;  // the same in the backward model, which reads the weight once more
    for (const Node* node : *exact_nodes)
      nodes.push_back(graph.find(node->output()->name)->producer);
    // All of them or none: what is left out would be silent.
    for (const Node* node : nodes)
      if (const auto found = reason_of_.find(node->output()->name); found != reason_of_.end()) {
        result_.not_reached[index] = found->second;
        return {};
      }
    std::vector<Value*> errors;
    for (const Quantization& grid : candidate.grids) {
      auto error = weight_error(value, candidate.values, grid);
      if (!error) return fail("weight '{}': {}", to_valid_utf8(value.name), error.error().message);
      errors.push_back(*error);
    }
    for (Node* node : nodes) add_twin(index, *node, errors);
    return {};
  }

  Result<void> add_reading(Reading reading, const Value& value) {
    const auto found = gradient_of_.find(value.name);
    if (found == gradient_of_.end()) {
      result_.not_reached[reading.tensor] = reason_of_.find(value.name)->second;
      return {};
    }
    reading.gradient = found->second;
    const auto size = tensor_size_bytes(value.type.element, *value.type.static_shape());
    if (!size) return fail("tensor '{}' is too large", to_valid_utf8(value.name));
    reading.size_bytes = 2 * *size;
    result_.readings.push_back(std::move(reading));
    return {};
  }

  // W' − W as a constant of the backward model.
  Result<Value*> weight_error(Value& weight, const std::optional<Tensor>& moved,
                              const Quantization& grid) {
    Graph& graph = result_.backward.model->graph();
    auto tensor = result_.backward.model->load(*weight.initializer);
    if (!tensor) return tensor.error();
    if (tensor->type() != ElementType::Float)
      return fail("it is {}; grids are for float32", element_type_name(tensor->type()));
    if (moved && moved->shape() != tensor->shape())
      return fail("its values were to be of shape {}, found {}", format_shape(tensor->shape()),
                  format_shape(moved->shape()));
    Tensor error = Tensor::of<float>(tensor->shape(), (moved ? *moved : *tensor).values<float>());
    if (auto rounded = fake_quantize(error, grid); !rounded) return rounded.error();
    const auto exact = tensor->values<float>();
    const auto values = error.mutable_values<float>();
    for (size_t i = 0; i < values.size(); ++i) values[i] -= exact[i];
    Value* value = graph.add_value(graph.unused_name(std::string(weight.name) + "_error"));
    graph.set_initializer(*value, error);
    return value;
  }

  // The node without its bias on the weight's error: linear in the weight, it gives the error of
  // the result.
  void add_twin(size_t index, Node& node, const std::vector<Value*>& errors) {
    Graph& graph = result_.backward.model->graph();
    Value& result = *node.output();
    Value& gradient = *graph.find(gradient_of_.find(result.name)->second);
    GraphWriter writer(graph, nullptr, std::string(result.name) + "_twin", ElementType::Float);
    const auto fetched = [&](Value* sum) {
      graph.set_type(*sum, {.kind = ValueType::Kind::Tensor,
                            .element = ElementType::Float,
                            .shape = std::vector<Dim>{},
                            .wire = {}});
      graph.add_output(*sum);
      return std::string(sum->name);
    };
    const auto squares = [&](Value* x) {
      return fetched(writer.add("ReduceSumSquare", {x}, {{"keepdims", int64_t{0}}}));
    };
    TwinReading twin{.tensor = index};
    twin.count = static_cast<double>(element_count(*result.type.static_shape()).value_or(0));
    twin.signal = squares(&result);
    twin.gain = squares(&gradient);
    for (Value* error : errors) {
      Value* noise = writer.add(node.op_type(), {node.input(0), error});
      for (const Attribute& attribute : node.attributes())
        noise->producer->set_attribute(attribute.wire);
      Value* change = writer.add("Mul", {noise, &gradient});
      twin.noises.push_back(squares(noise));
      twin.projections.push_back(
          fetched(writer.add("ReduceSum", {change}, {{"keepdims", int64_t{0}}})));
    }
    result_.twins.push_back(std::move(twin));
  }

  const Model& model_;
  const std::vector<SensitivityCandidate>& candidates_;
  std::unordered_map<std::string_view, std::string> gradient_of_, reason_of_;  // by tensor
  SensitivityModel result_;
};

}  // namespace

Result<SensitivityModel> build_sensitivity_model(
    const Model& model, const std::vector<SensitivityCandidate>& candidates) {
  return SensitivityModelBuilder(model, candidates).run();
}

}  // namespace acuate
