#include "rewrite/evaluate.h"

#include <unordered_map>

#include <fmt/format.h>

#include "graph/splice.h"

namespace acuate {
namespace {

// The time that ONNX Runtime 1.31 takes for a model grows with the square of its initializers and
// outputs: 1,000 sums take 58 ms in one model, 10,000 take 4.9 s.
constexpr size_t kMaxNodes = 256;
constexpr uint64_t kMaxBytes = uint64_t{64} << 20;  // of constants that go into one model
constexpr size_t kMaxRefused = 16;  // single nodes; then parts that are refused are left out whole

class Evaluation {
 public:
  Evaluation(const Model& model, std::span<Node* const> nodes,
             const std::unordered_set<const Value*>& wanted, const Evaluator& evaluate,
             const std::function<void(const Node&, const std::string& reason)>& refused,
             const std::function<void(Value&, const Tensor&)>& deliver)
      : model_(model),
        nodes_(nodes),
        wanted_(wanted),
        evaluate_(evaluate),
        refused_(refused),
        deliver_(deliver) {
    for (size_t i = 0; i < nodes.size(); ++i) position_.emplace(nodes[i], i);
  }

  void run() {
    for (size_t begin = 0, end = 0; begin < nodes_.size(); begin = end) {
      uint64_t bytes = 0;
      do bytes += constant_bytes(*nodes_[end++]);
      while (end < nodes_.size() && end - begin < kMaxNodes && bytes < kMaxBytes);
      run_part(begin, end);
    }
    for (const Node* node : nodes_)
      for (Value* output : node->outputs())
        if (wanted_.count(output) > 0)
          if (const auto result = results_.find(output); result != results_.end())
            deliver_(*output, result->second);
  }

 private:
  static uint64_t constant_bytes(const Node& node) {
    uint64_t bytes = 0;
    for (size_t slot = 0; slot < node.input_count(); ++slot)
      if (const Value* input = node.input(slot); input != nullptr && input->initializer)
        bytes += input->initializer->size_bytes();
    return bytes;
  }

  // Depth is the logarithm of kMaxNodes.
  void run_part(size_t begin, size_t end) {
    std::vector<Value*> outputs;
    const std::unique_ptr<Model> part = build(begin, end, outputs);
    if (outputs.empty()) return;
    auto tensors = evaluate_(*part);
    if (tensors) {
      ACUATE_CHECK(tensors->size() == outputs.size(), "one result for each output");
      for (size_t i = 0; i < outputs.size(); ++i)
        results_.emplace(outputs[i], std::move((*tensors)[i]));
      return;
    }
    if (end - begin == 1 || refusals_ >= kMaxRefused) {
      ++refusals_;
      refused_(*nodes_[begin], "the engine could not evaluate it: " + tensors.error().message);
      return;
    }
    const size_t middle = begin + (end - begin) / 2;
    run_part(begin, middle);
    run_part(middle, end);
  }

  // A model without inputs: the nodes of one part that have all that they need. Its outputs are
  // what is wanted, and what later parts need.
  std::unique_ptr<Model> build(size_t begin, size_t end, std::vector<Value*>& outputs) {
    auto part = std::make_unique<Model>();
    part->set_ir_version(model_.ir_version());
    for (const OpsetImport& import : model_.opset_imports())
      part->set_opset(import.domain, import.version);
    part->keep_storage_of(model_);  // for functions
    FunctionCopier functions(model_, *part);
    Graph& graph = part->graph();
    std::unordered_map<const Value*, Value*> copies;
    size_t count = 0;
    const auto copy_of = [&](const Value& value) -> Value* {
      auto& copy = copies[&value];
      if (copy != nullptr) return copy;
      const auto result = results_.find(const_cast<Value*>(&value));
      if (!value.initializer && result == results_.end()) return nullptr;
      copy = graph.add_value(fmt::format("v{}", count++));
      if (value.initializer)
        graph.set_initializer(*copy, *value.initializer);
      else
        graph.set_initializer(*copy, result->second);
      return copy;
    };
    for (size_t i = begin; i < end; ++i) {
      const Node& node = *nodes_[i];
      std::vector<Value*> inputs;
      bool complete = true;
      for (size_t slot = 0; slot < node.input_count() && complete; ++slot) {
        const Value* input = node.input(slot);
        inputs.push_back(input ? copy_of(*input) : nullptr);
        complete = input == nullptr || inputs.back() != nullptr;
      }
      if (!complete) continue;  // it needs a node that was refused
      std::vector<Value*> results;
      for (Value* output : node.outputs()) {
        results.push_back(output ? graph.add_value(fmt::format("v{}", count++)) : nullptr);
        if (output != nullptr) copies[output] = results.back();
      }
      Node* copy = graph.add_node(node.op_type(), node.domain(), "", inputs, results);
      copy->set_overload(node.overload());
      functions.bring_for(node);
      for (const Attribute& attribute : node.attributes()) {
        WireRope wire;
        wire.append_view(attribute.wire);
        copy->set_attribute(wire);
      }
      for (size_t slot = 0; slot < results.size(); ++slot) {
        Value* output = node.output(slot);
        if (output == nullptr || !(wanted_.count(output) > 0 || is_needed_after(*output, end)))
          continue;
        graph.add_output(*results[slot]);
        outputs.push_back(output);
      }
    }
    return part;
  }

  bool is_needed_after(const Value& value, size_t end) const {
    for (const Use& use : value.uses())
      if (const auto at = position_.find(use.node); at != position_.end() && at->second >= end)
        return true;
    return false;
  }

  const Model& model_;
  std::span<Node* const> nodes_;
  const std::unordered_set<const Value*>& wanted_;
  const Evaluator& evaluate_;
  const std::function<void(const Node&, const std::string&)>& refused_;
  const std::function<void(Value&, const Tensor&)>& deliver_;
  std::unordered_map<const Node*, size_t> position_;
  std::unordered_map<Value*, Tensor> results_;
  size_t refusals_ = 0;
};

}  // namespace

void evaluate_nodes(const Model& model, std::span<Node* const> nodes,
                    const std::unordered_set<const Value*>& wanted, const Evaluator& evaluate,
                    const std::function<void(const Node&, const std::string&)>& refused,
                    const std::function<void(Value&, const Tensor&)>& deliver) {
  Evaluation(model, nodes, wanted, evaluate, refused, deliver).run();
}

}  // namespace acuate
