#include <algorithm>
#include <unordered_map>

#include "graph/change_log.h"
#include "graph/model.h"

namespace acuate {

bool Graph::sort_topologically() {
  // Kahn's algorithm over this graph's nodes; a body's outer uses count for the node that holds the
  // body.
  std::unordered_map<const Node*, size_t> missing;
  std::unordered_map<const Node*, std::vector<Node*>> users;
  const auto node_here = [&](Node* node) {
    while (node != nullptr && node->graph_ != this) node = node->graph_->owner_;
    return node;
  };
  for (Node* node = first_; node != nullptr; node = node->next_)
    for (const Value* output : node->outputs_) {
      if (output == nullptr) continue;
      for (const Use& use : output->uses_)
        if (Node* user = node_here(use.node); user != nullptr) {
          users[node].push_back(user);
          ++missing[user];
        }
    }
  std::vector<Node*> order;
  order.reserve(node_count_);
  // A stable order: a min-heap over the old positions.
  std::unordered_map<const Node*, size_t> position;
  for (Node* node = first_; node != nullptr; node = node->next_)
    position.emplace(node, position.size());
  const auto later = [&](const Node* a, const Node* b) { return position[a] > position[b]; };
  std::vector<Node*> ready;
  for (Node* node = first_; node != nullptr; node = node->next_)
    if (missing[node] == 0) ready.push_back(node);
  std::make_heap(ready.begin(), ready.end(), later);
  while (!ready.empty()) {
    std::pop_heap(ready.begin(), ready.end(), later);
    Node* node = ready.back();
    ready.pop_back();
    order.push_back(node);
    for (Node* user : users[node])
      if (--missing[user] == 0) {
        ready.push_back(user);
        std::push_heap(ready.begin(), ready.end(), later);
      }
  }
  if (order.size() != node_count_) return false;
  bool changed = false;
  Node* expected = first_;
  for (Node* node : order) {
    if (node != expected) changed = true;
    expected = expected ? expected->next_ : nullptr;
  }
  if (!changed) return true;
  const auto relink = [this](const std::vector<Node*>& nodes) {
    first_ = last_ = nullptr;
    node_index_.reset();
    node_count_ = 0;
    for (Node* node : nodes) link_node(*node, nullptr);
  };
  if (ChangeLog* log = this->log()) log->record([relink, old = nodes()] { relink(old); });
  relink(order);
  touch();
  return true;
}

}  // namespace acuate
