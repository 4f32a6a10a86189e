#pragma once

#include <utility>
#include <vector>

#include "edit/graph_keys.h"

namespace acuate {

using Keyed = std::pair<uint64_t, uint32_t>;  // a key and whose it is

// One graph of the two while it is matched with the other.
struct MatchSide {
  explicit MatchSide(const GraphKeys& given);

  bool is_free(uint32_t node) const {
    return node_partner[node] == kNoIndex && !keys.is_constant_node[node];
  }
  std::vector<uint32_t> free_nodes() const;
  // Nodes of the value's users that are free, by what they are and where they read it.
  std::vector<Keyed> free_users(uint32_t value, Likeness likeness) const;
  // Of the free nodes: they and all that is at most `radius` edges away, where matched nodes are
  // known by their partner. `second`: partners are called by the indices of this side.
  std::vector<Keyed> keys_around(bool second, Likeness likeness, int radius) const;
  // What it takes to tell of the free nodes.
  uint64_t cost_of_free(const MatchSide& other) const;

  const GraphKeys& keys;
  const GraphView& view;
  std::vector<uint32_t> node_partner, value_partner;
  // By node: a key of the name, or of that of the first output; 0: neither.
  std::vector<uint64_t> addresses;
  size_t free_count = 0;
};

}  // namespace acuate
