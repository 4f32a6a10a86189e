#include <unordered_set>

#include "base/text.h"
#include "rewrite/pass.h"

namespace acuate {
namespace {

bool is_random(const Node& node) {
  return node.is_op("RandomNormal") || node.is_op("RandomUniform") ||
         node.is_op("RandomNormalLike") || node.is_op("RandomUniformLike") ||
         node.is_op("Multinomial") || node.is_op("Bernoulli") || node.is_op("Dropout");
}

bool has_body(const Node& node) {
  for (const Attribute& attribute : node.attributes())
    if (!attribute.graphs.empty()) return true;
  return false;
}

// The fixed value of Shape and Size where the input's type says it, without running anything.
std::optional<Tensor> shape_constant(const Node& node) {
  if (!node.is_op("Shape") && !node.is_op("Size")) return std::nullopt;
  const auto shape = node.input(0) ? node.input(0)->type.static_shape() : std::nullopt;
  if (!shape) return std::nullopt;
  if (node.is_op("Size")) return Tensor::of<int64_t>({}, {*element_count(*shape)});
  const auto rank = static_cast<int64_t>(shape->size());
  const auto position = [&](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  const int64_t start = position(node.int_attribute("start", 0));
  const int64_t end = std::max(start, position(node.int_attribute("end", rank)));
  return Tensor::of<int64_t>(
      {end - start}, std::span<const int64_t>(*shape).subspan(static_cast<size_t>(start),
                                                              static_cast<size_t>(end - start)));
}

class Folder {
 public:
  Folder(Model& model, const PassContext& context)
      : model_(model), context_(context), graph_(model.graph()) {}

  Result<PassOutcome> run() {
    fold_shapes();
    if (context_.evaluate) {
      collect();
      if (!wanted_.empty())
        if (auto folded = evaluate(); !folded) return folded.error();
    }
    return std::move(outcome_);
  }

 private:
  void replace_by_constant(Value& value, const Tensor& tensor) {
    Node* producer = value.producer;
    Value* constant = graph_.add_value(graph_.unused_name(std::string(value.name) + "_folded"));
    graph_.set_initializer(*constant, tensor);
    graph_.replace_uses(value, *constant);
    bool unused = true;
    for (const Value* output : producer->outputs())
      unused &= output == nullptr || output->is_unused();
    if (unused) graph_.remove_node(*producer);
    ++outcome_.applied;
  }

  void fold_shapes() {
    for (Node *node = graph_.first(), *next = nullptr; node != nullptr; node = next) {
      next = node->next();
      if (node->output() == nullptr || node->output()->is_output() || node->output()->is_unused())
        continue;
      if (const auto tensor = shape_constant(*node)) replace_by_constant(*node->output(), *tensor);
    }
  }

  // Nodes that depend on constants alone, and those of their results that others read.
  void collect() {
    for (Node* node = graph_.first(); node != nullptr; node = node->next()) {
      if (node->input_count() == 0 || is_random(*node) || has_body(*node)) continue;
      bool constant = true;
      for (size_t slot = 0; slot < node->input_count(); ++slot) {
        const Value* input = node->input(slot);
        constant &= input == nullptr || input->is_constant() ||
                    (input->producer != nullptr && constant_.count(input->producer) > 0);
      }
      if (constant) constant_.insert(node);
    }
    for (Node* node = graph_.first(); node != nullptr; node = node->next()) {
      if (constant_.count(node) == 0) continue;
      for (Value* output : node->outputs()) {
        if (output == nullptr || output->is_unused() || output->is_output()) continue;
        bool read_outside = false;
        for (const Use& use : output->uses()) read_outside |= constant_.count(use.node) == 0;
        if (read_outside) consider(*output);
      }
    }
  }

  // Wants the value, or, where its result cannot or should not be stored, the constants that it is
  // made of.
  void consider(Value& first) {
    std::vector<Value*> open{&first};
    while (!open.empty()) {
      Value& value = *open.back();
      open.pop_back();
      if (!considered_.insert(&value).second) continue;
      const std::string reason = reason_against(value);
      if (reason.empty()) {
        wanted_.push_back(&value);
        continue;
      }
      outcome_.misses.push_back({value.producer->address(), reason});
      for (size_t slot = 0; slot < value.producer->input_count(); ++slot)
        if (Value* input = value.producer->input(slot);
            input != nullptr && input->producer != nullptr)
          open.push_back(input);
    }
  }

  std::string reason_against(const Value& value) const {
    uint64_t replaced = 0;
    for (size_t slot = 0; slot < value.producer->input_count(); ++slot)
      if (const Value* input = value.producer->input(slot);
          input != nullptr && input->initializer && input->uses().size() == 1)
        replaced += input->initializer->size_bytes();
    const auto shape = value.type.static_shape();
    const auto size = shape ? tensor_size_bytes(value.type.element, *shape) : std::nullopt;
    if (!size) return "the size of its result is not known beforehand";
    if (*size > std::max(context_.max_folded_bytes, replaced))
      return "its result of " + format_bytes(*size) + " would grow the model";
    return {};
  }

  // All wanted values in one run of one model without inputs.
  Result<void> evaluate() {
    std::unique_ptr<Model> part = model_.clone();
    Graph& graph = part->graph();
    std::vector<Value*> outputs;
    for (const Value* value : wanted_) outputs.push_back(graph.find(value->name));
    graph.set_outputs(outputs);
    // From the end: what the outputs do not need goes, and with it all that is not constant.
    for (Node *node = graph.last(), *previous = nullptr; node != nullptr; node = previous) {
      previous = node->previous();
      bool needed = false;
      for (const Value* output : node->outputs())
        needed |= output != nullptr && !output->is_unused();
      if (!needed) graph.remove_node(*node);
    }
    graph.set_inputs({});
    for (Value* value : graph.initializers())
      if (value->is_unused()) graph.remove_initializer(*value);
    auto tensors = context_.evaluate(*part);
    if (!tensors) {
      outcome_.misses.push_back({wanted_.front()->producer->address(),
                                 "the engine could not evaluate it: " + tensors.error().message});
      return {};
    }
    ACUATE_CHECK(tensors->size() == wanted_.size(), "one result for each output");
    for (size_t i = 0; i < wanted_.size(); ++i) replace_by_constant(*wanted_[i], (*tensors)[i]);
    return {};
  }

  Model& model_;
  const PassContext& context_;
  Graph& graph_;
  PassOutcome outcome_;
  std::unordered_set<const Node*> constant_;
  std::vector<Value*> wanted_;
  std::unordered_set<const Value*> considered_;
};

}  // namespace

void register_rewrite_fold_constants(PassRegistry& registry) {
  registry.add({.id = "fold_constants",
                .doc = "Nodes that depend on constants alone are run once, all in one model, and "
                       "replaced by their results; Shape and Size of a static tensor by its "
                       "dimensions. Every value stays the same to the bit; an engine may "
                       "choose another kernel for an operand that is constant now.",
                .exactness = Exactness::Exact,
                .bound = "",
                .phase = Phase::Fold,
                .after = {},
                .run = [](Model& model, const PassContext& context) {
                  return Folder(model, context).run();
                }});
}

}  // namespace acuate
