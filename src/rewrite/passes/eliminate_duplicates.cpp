#include <algorithm>
#include <unordered_map>

#include "base/hash.h"
#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

constexpr std::string_view kCommutative[] = {"Add",   "Mul",        "And",       "Or",        "Xor",
                                             "Equal", "BitwiseAnd", "BitwiseOr", "BitwiseXor"};

bool is_commutative(const Node& node) {
  // Not Max and Min: of −0 and 0 an engine may take the first. Not Sum: it adds in order.
  return node.domain().empty() && node.input_count() == 2 &&
         std::find(std::begin(kCommutative), std::end(kCommutative), node.op_type()) !=
             std::end(kCommutative);
}

void append(std::string& key, std::string_view text) {
  key += std::to_string(text.size());
  key += ':';
  key += text;
}

template <class T>
void append_raw(std::string& key, const T& value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Equal for two nodes exactly where they compute the same of the same values.
std::string key_of(const Node& node) {
  std::string key;
  append(key, node.op_type());
  append(key, node.domain());
  std::vector<const Value*> inputs;
  for (size_t slot = 0; slot < node.input_count(); ++slot) inputs.push_back(node.input(slot));
  while (!inputs.empty() && inputs.back() == nullptr) inputs.pop_back();
  if (is_commutative(node)) std::sort(inputs.begin(), inputs.end());
  append_raw(key, inputs.size());
  for (const Value* input : inputs) append_raw(key, input);
  std::vector<std::pair<std::string_view, std::string_view>> attributes;
  for (const Attribute& attribute : node.attributes())
    attributes.emplace_back(attribute.name, as_text(attribute.wire));
  std::sort(attributes.begin(), attributes.end());
  for (const auto& [name, wire] : attributes) append(key, wire);
  append_raw(key, node.outputs().size());
  for (const Value* output : node.outputs()) key += output != nullptr ? '1' : '0';
  return key;
}

class Merger {
 public:
  explicit Merger(Graph& graph) : graph_(graph) {}

  void run(PassOutcome& outcome) {
    merge_constants(outcome);
    std::unordered_map<std::string, Node*> first;
    std::unordered_map<Node*, std::vector<const Node*>> merged;
    for (Node *node = graph_.first(), *next = nullptr; node != nullptr; node = next) {
      next = node->next();
      if (!is_deterministic(*node) || node->input_count() == 0) continue;
      const auto [place, added] = first.emplace(key_of(*node), node);
      if (added) continue;
      if (std::string reason = replace(*node, *place->second); !reason.empty()) {
        outcome.misses.push_back({node->address(), std::move(reason)});
        continue;
      }
      merged[place->second].push_back(node);
      ++outcome.applied;
    }
    for (Node* node = graph_.first(); node != nullptr; node = node->next())
      if (const auto found = merged.find(node); found != merged.end())
        add_origins_of_removed(*node, found->second);
  }

 private:
  // The reason where it cannot be done. What the duplicate gave is read from the first from now on.
  std::string replace(Node& duplicate, Node& first) {
    for (size_t slot = 0; slot < duplicate.outputs().size(); ++slot) {
      const Value *old = duplicate.output(slot), *kept = first.output(slot);
      if (old != nullptr && old->is_output() && kept->is_output())
        return "both are graph outputs: '" + std::string(kept->name) + "' and this one";
    }
    const std::vector<Value*> outputs = duplicate.outputs();
    graph_.remove_node(duplicate);
    for (size_t slot = 0; slot < outputs.size(); ++slot)
      if (outputs[slot] != nullptr) take_place(*outputs[slot], *first.output(slot));
    return {};
  }

  void take_place(Value& old, Value& kept) {
    const bool keeps_name = old.is_output();
    const std::string name(old.name);
    graph_.replace_uses(old, kept);
    if (!keeps_name) return;
    ValueType type = old.type;
    graph_.remove_value(old);
    graph_.rename(kept, name);
    graph_.set_type(kept, std::move(type));
  }

  // Constants of equal content, told apart by type, shape and a few bytes before all of their bytes
  // are read.
  void merge_constants(PassOutcome& outcome) {
    std::vector<std::vector<Value*>> groups;
    std::unordered_map<std::string, size_t> group_of;
    for (Value* value : graph_.initializers()) {
      if (!value->is_constant() || value->is_output() || value->is_unused()) continue;
      const auto [place, added] = group_of.emplace(sample(*value), groups.size());
      if (place->first.empty()) continue;
      if (added) groups.emplace_back();
      groups[place->second].push_back(value);
    }
    for (const auto& group : groups) {
      if (group.size() < 2) continue;
      std::unordered_map<std::string, Value*> first;
      for (Value* member : group) {
        const auto tensor = graph_.model().load(*member->initializer);
        if (!tensor) continue;
        const auto [place, added] = first.emplace(content_hash(tensor->bytes()), member);
        if (added) continue;
        graph_.replace_uses(*member, *place->second);
        graph_.remove_initializer(*member);
        ++outcome.applied;
      }
    }
  }

  std::string sample(const Value& value) const {
    const auto tensor = graph_.model().load(*value.initializer);
    if (!tensor) return {};
    constexpr size_t kPiece = 64;
    const auto bytes = as_text(tensor->bytes());
    std::string key = format_shape(tensor->shape());
    append_raw(key, tensor->type());
    for (const size_t start :
         {size_t{0}, bytes.size() / 2, bytes.size() - std::min(bytes.size(), kPiece)})
      key += bytes.substr(start, kPiece);
    return key;
  }

  Graph& graph_;
};

}  // namespace

void register_rewrite_eliminate_duplicates(PassRegistry& registry) {
  registry.add(
      {.id = "eliminate_duplicates",
       .doc = "Nodes that compute the same of the same values become one, as do constants of the "
              "same content, whatever their size; operands of Add, Mul, Equal and the like may be "
              "exchanged. Random operators, custom ones and ones with bodies stay.",
       .phase = Phase::Normalize,
       .after = {"constants_to_initializers"},
       .run = [](Model& model, const PassContext&) -> Result<PassOutcome> {
         PassOutcome outcome;
         for (Graph* graph : model.all_graphs())
           if (graph->owner() != nullptr || graph == &model.graph()) Merger(*graph).run(outcome);
         return outcome;
       }});
}

}  // namespace acuate
