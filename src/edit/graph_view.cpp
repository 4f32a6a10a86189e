#include "edit/graph_view.h"

#include <unordered_set>

namespace acuate {
namespace {

bool lies_inside(const Graph* graph, const Graph& outermost) {
  while (graph != nullptr && graph != &outermost)
    graph = graph->owner() ? &graph->owner()->graph() : nullptr;
  return graph != nullptr;
}

}  // namespace

GraphView::GraphView(const Graph& given) : graph(&given) {
  nodes.reserve(given.node_count());
  const auto own = given.values();
  index_.reserve(own.size());
  for (const Value* value : own) add(value);
  own_values = static_cast<uint32_t>(values.size());
  for (const Node* node = given.first(); node != nullptr; node = node->next()) {
    nodes.push_back(node);
    for (size_t slot = 0; slot < node->input_count(); ++slot)
      operands.items.push_back(node->input(slot) ? add(node->input(slot)) : kNoIndex);
    input_counts.push_back(static_cast<uint32_t>(node->input_count()));
    add_captured(*node);
    operands.end_row();
    for (const Value* output : node->outputs())
      outputs.items.push_back(output ? add(output) : kNoIndex);
    outputs.end_row();
  }
  producers.assign(values.size(), kNoIndex);
  producer_slots.assign(values.size(), 0);
  for (uint32_t node = 0; node < nodes.size(); ++node)
    for (uint32_t slot = 0; slot < outputs[node].size(); ++slot)
      if (const uint32_t value = outputs[node][slot]; value != kNoIndex) {
        producers[value] = node;
        producer_slots[value] = slot;
      }
  collect_uses();
  sort();
}

uint32_t GraphView::index_of(const Value* value) const {
  const auto found = index_.find(value);
  return found == index_.end() ? kNoIndex : found->second;
}

uint32_t GraphView::add(const Value* value) {
  const auto [place, is_new] = index_.emplace(value, static_cast<uint32_t>(values.size()));
  if (is_new) values.push_back(value);
  return place->second;
}

// Bodies nest no deeper than the importer allows.
void GraphView::add_captured(const Node& node) {
  std::unordered_set<uint32_t> captured;
  std::vector<const Graph*> bodies;
  for (const Attribute& attribute : node.attributes())
    for (const auto& body : attribute.graphs) bodies.push_back(body.get());
  const auto capture = [&](const Value* value) {
    if (value == nullptr || value->graph == nullptr) return;
    if (value->graph != graph && lies_inside(value->graph, *graph)) return;
    const uint32_t index = add(value);
    if (captured.insert(index).second) operands.items.push_back(index);
  };
  for (size_t i = 0; i < bodies.size(); ++i) {
    for (const Node* inner = bodies[i]->first(); inner != nullptr; inner = inner->next()) {
      for (size_t slot = 0; slot < inner->input_count(); ++slot) capture(inner->input(slot));
      for (const Attribute& attribute : inner->attributes())
        for (const auto& body : attribute.graphs) bodies.push_back(body.get());
    }
    for (const Value* output : bodies[i]->outputs()) capture(output);
  }
}

void GraphView::collect_uses() {
  uses.ends.assign(values.size() + 1, 0);
  for (const uint32_t value : operands.items)
    if (value != kNoIndex) ++uses.ends[value + 1];
  for (size_t i = 1; i < uses.ends.size(); ++i) uses.ends[i] += uses.ends[i - 1];
  uses.items.resize(uses.ends.back());
  std::vector<uint32_t> next(uses.ends.begin(), uses.ends.end() - 1);
  for (uint32_t node = 0; node < nodes.size(); ++node)
    for (uint32_t slot = 0; slot < operands[node].size(); ++slot)
      if (const uint32_t value = operands[node][slot]; value != kNoIndex)
        uses.items[next[value]++] = {node, slot};
}

void GraphView::sort() {
  std::vector<uint32_t> missing(nodes.size(), 0);
  for (uint32_t node = 0; node < nodes.size(); ++node)
    for (const uint32_t value : operands[node])
      if (value != kNoIndex && producers[value] != kNoIndex) ++missing[node];
  for (uint32_t node = 0; node < nodes.size(); ++node)
    if (missing[node] == 0) order.push_back(node);
  for (size_t i = 0; i < order.size(); ++i)
    for (const uint32_t value : outputs[order[i]])
      if (value != kNoIndex)
        for (const ValueUse& use : uses[value])
          if (--missing[use.node] == 0) order.push_back(use.node);
  for (uint32_t node = 0; node < nodes.size(); ++node)
    if (missing[node] != 0) order.push_back(node);
}

}  // namespace acuate
