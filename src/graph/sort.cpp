#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "graph/change_log.h"
#include "graph/model.h"

namespace acuate {

namespace {

// The node of `graph` that stands for `node`: itself, or the one whose body holds it; null:
// neither.
Node* node_in(const Graph& graph, Node* node) {
  while (node != nullptr && &node->graph() != &graph) node = node->graph().owner();
  return node;
}

// Nodes of the graph that compute what the node reads, its bodies included.
void add_producers(const Graph& graph, const Node& node, std::vector<Node*>& out) {
  const auto add = [&](const Value* value) {
    if (value != nullptr && value->graph == &graph && value->producer != nullptr)
      out.push_back(value->producer);
  };
  std::vector<const Node*> inside{&node};
  for (size_t i = 0; i < inside.size(); ++i) {
    for (size_t slot = 0; slot < inside[i]->input_count(); ++slot) add(inside[i]->input(slot));
    for (const Attribute& attribute : inside[i]->attributes())
      for (const auto& body : attribute.graphs) {
        for (const Node* inner = body->first(); inner != nullptr; inner = inner->next())
          inside.push_back(inner);
        for (const Value* output : body->outputs()) add(output);
      }
  }
}

}  // namespace

bool Graph::is_sorted() const {
  for (const Node* node = first_; node != nullptr; node = node->next_)
    for (const Value* output : node->outputs_) {
      if (output == nullptr) continue;
      for (const Use& use : output->uses_)
        if (const Node* user = node_in(*this, use.node); user && !node->precedes(*user))
          return false;
    }
  return true;
}

bool Graph::move_in_front(Node& producer, Node& reader) {
  if (producer.precedes(reader)) return true;
  std::vector<Node*> moved{&producer}, producers;
  std::unordered_set<const Node*> seen{&producer};
  for (size_t i = 0; i < moved.size(); ++i) {
    if (moved[i] == &reader) return false;
    producers.clear();
    add_producers(*this, *moved[i], producers);
    for (Node* needed : producers)
      if (!needed->precedes(reader) && seen.insert(needed).second) moved.push_back(needed);
  }
  std::ranges::sort(moved, [](const Node* a, const Node* b) { return a->precedes(*b); });
  for (Node* node : moved) move_before(*node, &reader);
  return true;
}

bool Graph::sort_topologically() {
  if (is_sorted()) return true;
  // Kahn's algorithm over this graph's nodes; a body's outer uses count for the node that holds the
  // body.
  std::unordered_map<const Node*, size_t> missing;
  std::unordered_map<const Node*, std::vector<Node*>> users;
  for (Node* node = first_; node != nullptr; node = node->next_)
    for (const Value* output : node->outputs_) {
      if (output == nullptr) continue;
      for (const Use& use : output->uses_)
        if (Node* user = node_in(*this, use.node); user != nullptr) {
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
