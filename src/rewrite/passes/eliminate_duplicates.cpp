#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "graph/stored_bytes.h"
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

template <class T>
void append_raw(std::string& key, const T& value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Without omitted ones at the end; of a commutative operator in one order.
void collect_operands(const Node& node, std::vector<const Value*>& operands) {
  operands.clear();
  for (size_t slot = 0; slot < node.input_count(); ++slot) operands.push_back(node.input(slot));
  while (!operands.empty() && operands.back() == nullptr) operands.pop_back();
  if (is_commutative(node)) std::sort(operands.begin(), operands.end());
}

// Finds nodes that compute the same of the same values.
class SameWork {
 public:
  size_t operator()(const Node* node) const {
    uint64_t attributes = 0;  // in any order
    for (const Attribute& attribute : node->attributes()) attributes += hash_key(attribute.wire);
    uint64_t key = hash_key(node->op_type(), attributes);
    collect_operands(*node, left_);
    for (const Value* operand : left_)
      key = hash_combine(key, reinterpret_cast<uintptr_t>(operand));
    return key;
  }

  bool operator()(const Node* a, const Node* b) const {
    if (a->op_type() != b->op_type() || a->domain() != b->domain() ||
        a->attributes().size() != b->attributes().size() ||
        !std::equal(
            a->outputs().begin(), a->outputs().end(), b->outputs().begin(), b->outputs().end(),
            [](const Value* x, const Value* y) { return (x == nullptr) == (y == nullptr); }))
      return false;
    collect_operands(*a, left_);
    collect_operands(*b, right_);
    return left_ == right_ && std::all_of(a->attributes().begin(), a->attributes().end(),
                                          [&](const Attribute& attribute) {
                                            const Attribute* other = b->attribute(attribute.name);
                                            return other != nullptr &&
                                                   as_text(other->wire) == as_text(attribute.wire);
                                          });
  }

 private:
  mutable std::vector<const Value*> left_, right_;
};

class Merger {
 public:
  explicit Merger(Graph& graph) : graph_(graph) {}

  void run(PassOutcome& outcome) {
    merge_constants(outcome);
    std::unordered_set<Node*, SameWork, SameWork> first(graph_.node_count());
    std::unordered_map<Node*, std::vector<const Node*>> merged;
    for (Node *node = graph_.first(), *next = nullptr; node != nullptr; node = next) {
      next = node->next();
      if (!is_deterministic(*node) || node->input_count() == 0) continue;
      const auto [place, added] = first.insert(node);
      if (added) continue;
      if (std::string reason = replace(*node, **place); !reason.empty()) {
        outcome.misses.push_back({node->address(), std::move(reason)});
        continue;
      }
      merged[*place].push_back(node);
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
        const auto content = content_of(*member);
        if (!content) continue;
        const auto [place, added] = first.emplace(content_hash(content->bytes), member);
        if (added) continue;
        graph_.replace_uses(*member, *place->second);
        graph_.remove_initializer(*member);
        ++outcome.applied;
      }
    }
  }

  struct Content {
    Bytes bytes;
    Tensor decoded;  // where they did not lie ready
  };
  std::optional<Content> content_of(const Value& value) const {
    if (const auto stored = stored_bytes(*value.initializer)) return Content{*stored, {}};
    const auto tensor = graph_.model().load(*value.initializer);
    return tensor ? std::optional(Content{tensor->bytes(), *tensor}) : std::nullopt;
  }

  std::string sample(const Value& value) const {
    const auto content = content_of(value);
    if (!content) return {};
    constexpr size_t kPiece = 64;
    const auto bytes = as_text(content->bytes);
    std::string key = format_shape(value.initializer->shape);
    append_raw(key, value.initializer->type);
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
