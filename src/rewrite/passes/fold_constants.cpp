// Two parts: what to fold (Folder), and how to run it (evaluate_nodes in rewrite/evaluate.h).
#include <unordered_set>

#include "base/text.h"
#include "rewrite/calls.h"
#include "rewrite/evaluate.h"
#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// All results together may not make the model larger than by this.
constexpr uint64_t kMaxGrowthBytes = uint64_t{64} << 20;
// What is needed on the way to a result may be larger than the result, but not without limit.
constexpr uint64_t kMaxIntermediateBytes = uint64_t{256} << 20;

std::optional<uint64_t> static_size(const Value& value) {
  const auto shape = value.type.static_shape();
  return shape ? tensor_size_bytes(value.type.element, *shape) : std::nullopt;
}

// Results whose shape depends on the data, but which are never larger than a small multiple of it.
bool has_bounded_result(const Node& node) {
  return node.is_op("NonZero") || node.is_op("Unique") || node.is_op("Compress");
}

class Folder {
 public:
  Folder(Model& model, const PassContext& context)
      : model_(model), context_(context), calls_(model) {}

  PassOutcome run() {
    for (Graph* graph : model_.all_graphs())
      if (graph->owner() != nullptr || graph == &model_.graph()) collect(*graph);
    for (Node* node : constant_nodes_)
      for (Value* output : node->outputs())
        if (output != nullptr && !output->is_output() && is_read_outside(*output))
          consider(*output);
    if (!wanted_.empty()) fold();
    return std::move(outcome_);
  }

 private:
  bool is_constant(const Value& value) const {
    return value.is_constant() ||
           (value.producer != nullptr && constant_.count(value.producer) > 0);
  }

  // Nodes that depend on constants alone, producers first.
  void collect(Graph& graph) {
    for (Node* node = graph.first(); node != nullptr; node = node->next()) {
      if (node->input_count() == 0 || !calls_.is_deterministic(*node)) continue;
      bool constant = true;
      for (size_t slot = 0; slot < node->input_count() && constant; ++slot)
        constant = node->input(slot) == nullptr || is_constant(*node->input(slot));
      if (!constant) continue;
      if (const std::string reason = reason_against_running(*node); !reason.empty()) {
        outcome_.misses.push_back({node->address(), reason});
        continue;
      }
      constant_.insert(node);
      constant_nodes_.push_back(node);
    }
  }

  std::string reason_against_running(const Node& node) const {
    if (node.is_op("DequantizeLinear")) return "it would undo the quantization of a constant";
    uint64_t inputs = 0;
    for (size_t slot = 0; slot < node.input_count(); ++slot)
      if (const Value* input = node.input(slot)) inputs += static_size(*input).value_or(0);
    for (const Value* output : node.outputs()) {
      if (output == nullptr) continue;
      if (output->type.kind != ValueType::Kind::Tensor || element_bits(output->type.element) == 0)
        return "its result is no numeric tensor";
      const auto size = static_size(*output);
      if (!size && !has_bounded_result(node))
        return "the size of its result is not known beforehand";
      if (size.value_or(0) > std::max(inputs, kMaxIntermediateBytes))
        return "its result has " + format_bytes(*size);
    }
    return {};
  }

  bool is_read_outside(const Value& value) const {
    for (const Use& use : value.uses())
      if (constant_.count(use.node) == 0) return true;
    return false;
  }

  // Wants the value, or, where its result should not be stored, what it is made of.
  void consider(Value& first) {
    std::vector<Value*> open{&first};
    while (!open.empty()) {
      Value& value = *open.back();
      open.pop_back();
      if (!considered_.insert(&value).second) continue;
      const std::string reason = reason_against_storing(value);
      if (reason.empty()) {
        wanted_.insert(&value);
        continue;
      }
      outcome_.misses.push_back({value.producer->address(), reason});
      for (size_t slot = 0; slot < value.producer->input_count(); ++slot)
        if (Value* input = value.producer->input(slot);
            input != nullptr && input->producer != nullptr)
          open.push_back(input);
    }
  }

  std::string reason_against_storing(const Value& value) {
    uint64_t replaced = 0;
    for (size_t slot = 0; slot < value.producer->input_count(); ++slot)
      if (const Value* input = value.producer->input(slot);
          input != nullptr && input->initializer && input->uses().size() == 1)
        replaced += input->initializer->size_bytes();
    const auto size = static_size(value);
    if (!size) return {};  // bounded; judged when it is there
    const uint64_t growth = *size > replaced ? *size - replaced : 0;
    if (growth > 0 && (*size > context_.max_folded_bytes || growth_ + growth > kMaxGrowthBytes))
      return "its result of " + format_bytes(*size) + " would grow the model";
    growth_ += growth;
    return {};
  }

  void fold() {
    // From the end: the nodes that the wanted values need.
    std::unordered_set<const Node*> needed;
    std::vector<Node*> order;
    for (auto node = constant_nodes_.rbegin(); node != constant_nodes_.rend(); ++node) {
      bool is_needed = false;
      for (const Value* output : (*node)->outputs()) {
        if (output == nullptr) continue;
        is_needed |= wanted_.count(output) > 0;
        for (const Use& use : output->uses()) is_needed |= needed.count(use.node) > 0;
      }
      if (!is_needed) continue;
      needed.insert(*node);
      order.push_back(*node);
    }
    std::reverse(order.begin(), order.end());
    evaluate_nodes(
        model_, order, wanted_, context_.evaluate,
        [this](const Node& node, const std::string& reason) {
          outcome_.misses.push_back({node.address(), reason});
        },
        [this](Value& value, const Tensor& tensor) { store(value, tensor); });
  }

  void store(Value& value, const Tensor& tensor) {
    if (value.producer == nullptr) return;  // what read it is gone
    const Node& producer = *value.producer;
    if (tensor.bytes().size() > context_.max_folded_bytes && !static_size(value)) {
      outcome_.misses.push_back(
          {producer.address(),
           "its result of " + format_bytes(tensor.bytes().size()) + " would grow the model"});
      return;
    }
    ++outcome_.applied;
    become_constant(value, tensor);
  }

  Model& model_;
  const PassContext& context_;
  const FunctionCalls calls_;
  PassOutcome outcome_;
  std::unordered_set<const Node*> constant_;
  std::vector<Node*> constant_nodes_;
  std::unordered_set<const Value*> wanted_;
  std::unordered_set<const Value*> considered_;
  uint64_t growth_ = 0;
};

}  // namespace

void register_rewrite_fold_constants(PassRegistry& registry) {
  registry.add({.id = "fold_constants",
                .doc = "Nodes that depend on constants alone, calls of local functions too, are "
                       "run once, some hundreds in one model, and replaced by their results where "
                       "these do not grow the model. "
                       "Every value stays the same to the bit; an engine may choose another "
                       "kernel for an operand that is constant now.",
                .phase = Phase::Fold,
                .after = {"merge_shape_data"},
                .run = [](Model& model, const PassContext& context) -> Result<PassOutcome> {
                  if (!context.evaluate) return PassOutcome{};
                  return Folder(model, context).run();
                }});
}

}  // namespace acuate
