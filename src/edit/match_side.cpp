#include "edit/match_side.h"

#include <algorithm>

#include "base/hash.h"

namespace acuate {
namespace {

uint64_t address(const Node& node) {
  if (!node.name().empty()) return hash_key(node.name(), 1);
  for (const Value* output : node.outputs())
    if (output != nullptr) return hash_key(output->name, 2);
  return 0;
}

}  // namespace

MatchSide::MatchSide(const GraphKeys& given)
    : keys(given),
      view(given.view),
      node_partner(given.view.nodes.size(), kNoIndex),
      value_partner(given.view.values.size(), kNoIndex) {
  for (uint32_t node = 0; node < view.nodes.size(); ++node) {
    addresses.push_back(address(*view.nodes[node]));
    if (is_free(node)) ++free_count;
  }
}

std::vector<uint32_t> MatchSide::free_nodes() const {
  std::vector<uint32_t> out;
  for (uint32_t node = 0; node < view.nodes.size(); ++node)
    if (is_free(node)) out.push_back(node);
  return out;
}

std::vector<Keyed> MatchSide::free_users(uint32_t value, Likeness likeness) const {
  std::vector<Keyed> out;
  for (const GraphView::ValueUse& use : view.uses[value])
    if (is_free(use.node))
      out.emplace_back(hash_combine(keys.node(use.node, likeness), use.slot), use.node);
  return out;
}

uint64_t MatchSide::cost_of_free(const MatchSide& other) const {
  std::vector<uint64_t> sorted = other.addresses;
  std::sort(sorted.begin(), sorted.end());
  uint64_t cost = 0;
  for (const uint32_t node : free_nodes())
    cost += std::binary_search(sorted.begin(), sorted.end(), addresses[node]) ? 10 : 8;
  return cost;
}

std::vector<Keyed> MatchSide::keys_around(bool second, Likeness likeness, int radius) const {
  const auto partner = [&](const std::vector<uint32_t>& partners, uint32_t i) {
    return hash_combine(7, second || partners[i] == kNoIndex ? i : partners[i]);
  };
  std::vector<uint64_t> found(view.nodes.size()), next;
  for (uint32_t node = 0; node < found.size(); ++node)
    found[node] =
        node_partner[node] != kNoIndex ? partner(node_partner, node) : keys.node(node, likeness);
  const auto free = free_nodes();
  for (int step = 0; step < radius; ++step) {
    next = found;
    for (const uint32_t node : free) {
      uint64_t key = found[node];
      for (const uint32_t value : view.operands[node]) {
        if (value == kNoIndex || keys.constants[value]) continue;  // counted already
        const uint32_t producer = view.producers[value];
        key = hash_combine(key, producer != kNoIndex
                                    ? hash_combine(found[producer], view.producer_slots[value])
                                : value_partner[value] != kNoIndex ? partner(value_partner, value)
                                                                   : 8);
      }
      for (const uint32_t value : view.outputs[node]) {
        uint64_t sum = 0;
        if (value != kNoIndex)
          for (const GraphView::ValueUse& use : view.uses[value])
            sum += hash_combine(found[use.node], use.slot);
        key = hash_combine(key, sum);
      }
      next[node] = key;
    }
    found.swap(next);
  }
  std::vector<Keyed> out;
  for (const uint32_t node : free) out.emplace_back(found[node], node);
  return out;
}

}  // namespace acuate
