#include "edit/match_graphs.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_set>

namespace acuate {
namespace {

class Matcher {
 public:
  Matcher(const Graph& a, const Graph& b, GraphMatch& match) : a_(a), b_(b), match_(match) {}

  void run() {
    match_interface();
    match_by_name();
    match_by_output();
    while (match_by_inputs() || match_by_users()) {
    }
    match_other_values();
  }

 private:
  bool is_free(const Node* a) const { return match_.nodes.count(a) == 0; }

  void pair(const Node* a, const Node* b) {
    match_.nodes.emplace(a, b);
    taken_nodes_.insert(b);
    for (size_t slot = 0; slot < std::min(a->outputs().size(), b->outputs().size()); ++slot)
      pair(a->output(slot), b->output(slot));
  }

  void pair(const Value* a, const Value* b) {
    if (a == nullptr || b == nullptr || match_.values.count(a) != 0) return;
    if (!taken_values_.insert(b).second) return;
    match_.values.emplace(a, b);
  }

  // Inputs by name; those that are left over by position.
  void match_interface() {
    for (const Value* input : a_.inputs())
      if (const Value* other = b_.find(input->name); other && other->is_input) pair(input, other);
    const auto free_inputs = [](const Graph& graph, const auto& is_taken) {
      std::vector<const Value*> out;
      for (const Value* input : graph.inputs())
        if (!is_taken(input)) out.push_back(input);
      return out;
    };
    const auto left = free_inputs(a_, [&](const Value* v) { return match_.values.count(v) != 0; });
    const auto right = free_inputs(b_, [&](const Value* v) { return taken_values_.count(v) != 0; });
    if (left.size() != right.size()) return;
    for (size_t i = 0; i < left.size(); ++i) pair(left[i], right[i]);
  }

  static std::unordered_map<std::string_view, const Node*> unique_names(const Graph& graph) {
    std::unordered_map<std::string_view, const Node*> out;
    for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
      if (node->name().empty()) continue;
      if (const auto [place, added] = out.emplace(node->name(), node); !added)
        place->second = nullptr;
    }
    return out;
  }

  void match_by_name() {
    const auto right = unique_names(b_);
    for (const auto& [name, node] : unique_names(a_)) {
      const auto found = right.find(name);
      if (node != nullptr && found != right.end() && found->second != nullptr)
        pair(node, found->second);
    }
  }

  void match_by_output() {
    for (const Node* node = a_.first(); node != nullptr; node = node->next()) {
      const Value* output = node->output();
      if (!is_free(node) || output == nullptr) continue;
      const Value* other = b_.find(output->name);
      const Node* producer = other ? other->producer : nullptr;
      if (producer == nullptr || taken_nodes_.count(producer) != 0) continue;
      if (producer->op_type() == node->op_type() && producer->output() == other)
        pair(node, producer);
    }
  }

  // What an input is to the second graph: a matched value, a constant of that name, or unknown.
  const Value* counterpart(const Value* value) const {
    const auto found = match_.values.find(value);
    if (found != match_.values.end()) return found->second;
    if (!value->initializer) return nullptr;
    const Value* other = b_.resolve(value->name);
    return other != nullptr && other->initializer ? other : nullptr;
  }

  using Key = std::vector<const void*>;

  // Nodes of the second graph by operator and inputs, those that are free, in order.
  bool match_by_inputs() {
    std::map<std::pair<std::string, Key>, std::vector<const Node*>> right;
    for (const Node* node = b_.last(); node != nullptr; node = node->previous()) {
      if (taken_nodes_.count(node) != 0) continue;
      Key key;
      for (size_t slot = 0; slot < node->input_count(); ++slot) key.push_back(node->input(slot));
      right[{operator_name(*node), key}].push_back(node);
    }
    bool found = false;
    for (const Node* node = a_.first(); node != nullptr && !right.empty(); node = node->next()) {
      if (!is_free(node)) continue;
      Key key;
      bool known = node->input_count() > 0;
      for (size_t slot = 0; known && slot < node->input_count(); ++slot) {
        const Value* input = node->input(slot);
        key.push_back(input ? counterpart(input) : nullptr);
        known = input == nullptr || key.back() != nullptr;
      }
      const auto place = known ? right.find({operator_name(*node), key}) : right.end();
      if (place == right.end() || place->second.empty()) continue;
      pair(node, place->second.back());
      place->second.pop_back();
      found = true;
    }
    return found;
  }

  // A node whose output a matched node reads where its match reads that of a free node with the
  // same operator.
  bool match_by_users() {
    bool found = false;
    for (const Node* node = a_.last(); node != nullptr; node = node->previous()) {
      if (!is_free(node)) continue;
      for (const Value* output : node->outputs()) {
        if (output == nullptr || !is_free(node)) continue;
        for (const Use& use : sorted_uses(*output)) {
          const auto user = match_.nodes.find(use.node);
          const Value* read = user == match_.nodes.end() ? nullptr : user->second->input(use.slot);
          const Node* other = read ? read->producer : nullptr;
          if (other == nullptr || &other->graph() != &b_ || taken_nodes_.count(other) != 0)
            continue;
          if (operator_name(*other) != operator_name(*node)) continue;
          pair(node, other);
          found = true;
          break;
        }
      }
    }
    return found;
  }

  // By position, since use lists are kept in no order.
  std::vector<Use> sorted_uses(const Value& value) {
    if (positions_.empty()) {
      size_t next = 0;
      for (const Node* node = a_.first(); node != nullptr; node = node->next())
        positions_[node] = next++;
    }
    std::vector<Use> uses;
    for (const Use& use : value.uses())
      if (positions_.count(use.node) != 0) uses.push_back(use);
    std::sort(uses.begin(), uses.end(), [&](const Use& x, const Use& y) {
      return std::pair(positions_.at(x.node), x.slot) < std::pair(positions_.at(y.node), y.slot);
    });
    return uses;
  }

  static std::string operator_name(const Node& node) {
    return std::string(node.domain()) + "." + std::string(node.op_type());
  }

  // Weights by name, then by the place where matched nodes read them.
  void match_other_values() {
    for (const Value* value : a_.values())
      if (const Value* other = b_.find(value->name);
          other && value->producer == nullptr && other->producer == nullptr)
        pair(value, other);
    for (const Node* node = a_.first(); node != nullptr; node = node->next()) {
      const auto found = match_.nodes.find(node);
      if (found == match_.nodes.end()) continue;
      for (size_t slot = 0; slot < node->input_count(); ++slot) {
        const Value* x = node->input(slot);
        const Value* y = found->second->input(slot);
        if (x && y && x->initializer && y->initializer && x->graph == &a_ && y->graph == &b_)
          pair(x, y);
      }
    }
  }

  const Graph& a_;
  const Graph& b_;
  GraphMatch& match_;
  std::unordered_set<const Node*> taken_nodes_;
  std::unordered_set<const Value*> taken_values_;
  std::unordered_map<const Node*, size_t> positions_;
};

}  // namespace

void match_graphs(const Graph& a, const Graph& b, GraphMatch& match) { Matcher(a, b, match).run(); }

}  // namespace acuate
