#include "edit/match_nodes.h"

#include <algorithm>
#include <deque>

#include "base/hash.h"
#include "edit/common_sequence.h"
#include "edit/match_constants.h"
#include "edit/match_side.h"

namespace acuate {
namespace {

class NodeMatcher {
 public:
  NodeMatcher(const GraphKeys& a, const GraphKeys& b, const KnownPairs& known)
      : a_(a), b_(b), known_(known) {}

  void run(bool believe_names) {
    for (const auto& [x, y] : known_.values) pair_values(x, y);
    if (believe_names) {
      pair_values_by_name();
      pair_by_name(true);
    }
    for (const Likeness likeness : {Likeness::Equal, Likeness::SameShapes}) {
      if (is_done()) return;
      pair_by_context(likeness);
      spread(likeness);
      for (const int radius : {3, 1}) {
        if (is_done()) return;
        pair_unique(a_.keys_around(false, likeness, radius),
                    b_.keys_around(true, likeness, radius));
        spread(likeness);
      }
    }
    spread(Likeness::SameOperator);
    if (!believe_names) pair_by_name(true);
    spread(Likeness::SameOperator);
    if (believe_names) pair_by_name(false);
    align();
    for (const Likeness likeness : kAllLikenesses) {
      if (is_done()) return;
      pair_by_operands(likeness);
      spread(likeness);
    }
    for (const Likeness likeness : {Likeness::Equal, Likeness::SameShapes}) {
      pair_unique(a_.keys_around(false, likeness, 0), b_.keys_around(true, likeness, 0));
      spread(likeness);
    }
  }

  // How much there is to tell of the two: nodes that only one side has weigh most, all the more
  // where the other side has their name; other names alone weigh least.
  uint64_t cost() const {
    uint64_t cost = a_.cost_of_free(b_) + b_.cost_of_free(a_);
    for (uint32_t x = 0; x < a_.view.nodes.size(); ++x) {
      const uint32_t y = a_.node_partner[x];
      if (y == kNoIndex) continue;
      const Node &left = *a_.view.nodes[x], &right = *b_.view.nodes[y];
      if (a_.keys.label(x, Likeness::Equal) != b_.keys.label(y, Likeness::Equal)) cost += 3;
      if (left.name() != right.name()) ++cost;
      const auto outputs = a_.view.outputs[x], others = b_.view.outputs[y];
      for (size_t slot = 0; slot < std::min(outputs.size(), others.size()); ++slot) {
        const uint32_t v = outputs[slot], w = others[slot];
        if (v == kNoIndex || w == kNoIndex) continue;
        cost += a_.value_partner[v] != w                             ? 3
                : a_.view.values[v]->name != b_.view.values[w]->name ? 1
                                                                     : 0;
      }
      const auto p = a_.view.operands[x], q = b_.view.operands[y];
      for (size_t slot = 0; slot < std::max(p.size(), q.size()); ++slot)
        if (slot >= p.size() || slot >= q.size() || !is_same_operand(p[slot], q[slot])) cost += 3;
    }
    return cost;
  }

  IndexMatch take(bool believe_names) {
    IndexMatch match{std::move(a_.node_partner), std::move(a_.value_partner)};
    match_constants(a_.keys, b_.keys, believe_names, match);
    return match;
  }

 private:
  bool is_done() const { return a_.free_count == 0 || b_.free_count == 0; }

  bool is_same_operand(uint32_t x, uint32_t y) const {
    if (x == kNoIndex || y == kNoIndex) return x == y;
    const auto left = a_.keys.constant(x, Likeness::Equal);
    const auto right = b_.keys.constant(y, Likeness::Equal);
    return left || right ? left == right : a_.value_partner[x] == y;
  }

  void pair_values(uint32_t x, uint32_t y) {
    if (x == kNoIndex || y == kNoIndex) return;
    if (a_.value_partner[x] != kNoIndex || b_.value_partner[y] != kNoIndex) return;
    a_.value_partner[x] = y;
    b_.value_partner[y] = x;
    values_.emplace_back(x, y);
  }

  void pair_nodes(uint32_t x, uint32_t y) {
    a_.node_partner[x] = y;
    b_.node_partner[y] = x;
    --a_.free_count;
    --b_.free_count;
    nodes_.emplace_back(x, y);
    const auto p = a_.view.outputs[x], q = b_.view.outputs[y];
    for (size_t slot = 0; slot < std::min(p.size(), q.size()); ++slot)
      pair_values(p[slot], q[slot]);
  }

  bool pair_if_alike(uint32_t x, uint32_t y, Likeness likeness) {
    if (!a_.is_free(x) || !b_.is_free(y)) return false;
    if (a_.keys.node(x, likeness) != b_.keys.node(y, likeness)) return false;
    pair_nodes(x, y);
    return true;
  }

  // Inner values by name, and the nodes that produce such.
  void pair_values_by_name() {
    for (uint32_t x = 0; x < a_.view.own_values; ++x) {
      if (a_.view.producers[x] == kNoIndex || a_.keys.constants[x]) continue;
      const Value* other = b_.view.graph->find(a_.view.values[x]->name);
      const uint32_t y = other ? b_.view.index_of(other) : kNoIndex;
      if (y == kNoIndex || b_.view.producers[y] == kNoIndex || b_.keys.constants[y]) continue;
      pair_values(x, y);
    }
  }

  void pair_by_name(bool same_operator) {
    if (is_done()) return;
    const auto keyed = [&](const MatchSide& side) {
      std::vector<Keyed> out;
      for (const uint32_t node : side.free_nodes())
        if (side.addresses[node] != 0)
          out.emplace_back(
              hash_combine(side.addresses[node],
                           same_operator ? side.keys.label(node, Likeness::SameOperator) : 0),
              node);
      return out;
    };
    pair_unique(keyed(a_), keyed(b_));
  }

  // Nodes of both sides whose key occurs once on each.
  void pair_unique(std::vector<Keyed> left, std::vector<Keyed> right) {
    std::sort(left.begin(), left.end());
    std::sort(right.begin(), right.end());
    std::vector<std::pair<uint32_t, uint32_t>> found;
    const auto run_end = [](const std::vector<Keyed>& list, size_t begin) {
      size_t end = begin;
      while (end < list.size() && list[end].first == list[begin].first) ++end;
      return end;
    };
    for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
      const size_t i_end = run_end(left, i), j_end = run_end(right, j);
      if (left[i].first < right[j].first) {
        i = i_end;
      } else if (right[j].first < left[i].first) {
        j = j_end;
      } else {
        if (i_end == i + 1 && j_end == j + 1) found.emplace_back(left[i].second, right[j].second);
        i = i_end;
        j = j_end;
      }
    }
    std::sort(found.begin(), found.end());
    for (const auto& [x, y] : found) pair_nodes(x, y);
  }

  void pair_by_context(Likeness likeness) {
    find_downstream(likeness);
    const auto keyed = [&](const MatchSide& side, const std::vector<uint64_t>& downstream,
                           bool second) {
      std::vector<uint64_t> values(side.view.values.size(), 0);
      for (const auto& [x, y] : known_.values) values[second ? y : x] = hash_combine(5, x);
      const auto upstream = side.keys.keys_upstream(likeness, values);
      std::vector<Keyed> out;
      for (const uint32_t node : side.free_nodes())
        out.emplace_back(hash_combine(upstream[node], downstream[node]), node);
      return out;
    };
    pair_unique(keyed(a_, downstream_a_, false), keyed(b_, downstream_b_, true));
  }

  void find_downstream(Likeness likeness) {
    const auto keys = [&](const MatchSide& side, bool second) {
      std::vector<uint64_t> values(side.view.values.size(), 0);
      for (size_t i = 0; i < known_.outputs.size(); ++i)
        values[second ? known_.outputs[i].second : known_.outputs[i].first] += hash_combine(6, i);
      return side.keys.keys_downstream(likeness, values);
    };
    downstream_a_ = keys(a_, false);
    downstream_b_ = keys(b_, true);
  }

  // What is left of nodes that are alike and read the same, such as two that read constants alone:
  // those that are used alike first.
  void pair_by_operands(Likeness likeness) {
    const auto alike = [&](const MatchSide& side) {
      std::vector<Keyed> out;
      for (const uint32_t node : side.free_nodes()) {
        const auto operands = side.view.operands[node];
        const bool known = std::all_of(operands.begin(), operands.end(), [&](uint32_t value) {
          return value == kNoIndex || side.keys.constants[value] ||
                 side.value_partner[value] != kNoIndex;
        });
        if (known) out.emplace_back(side.keys.node(node, likeness), node);
      }
      return out;
    };
    for (const int shared : {3, 2})
      join(ranked(a_, alike(a_), false, shared), ranked(b_, alike(b_), true, shared));
    join(ranked(a_, alike(a_), false, kSameOperands), ranked(b_, alike(b_), true, kSameOperands));
  }

  // What is left where nodes repeat too often to be told apart: those that come in the same order
  // and have a neighbour of whom that holds, too.
  void align() {
    if (is_done()) return;
    constexpr size_t kMaxEdits = 500;
    const auto left = a_.free_nodes(), right = b_.free_nodes();
    const auto keys = [](const MatchSide& side, const std::vector<uint32_t>& nodes) {
      std::vector<uint64_t> out;
      for (const uint32_t node : nodes) out.push_back(side.keys.node(node, Likeness::Equal));
      return out;
    };
    std::vector<uint32_t> partners = a_.node_partner;
    const auto pairs = common_sequence(keys(a_, left), keys(b_, right), kMaxEdits);
    for (const auto& [i, j] : pairs) partners[left[i]] = right[j];
    for (const auto& [i, j] : pairs)
      if (has_paired_neighbour(left[i], right[j], partners)) pair_nodes(left[i], right[j]);
    spread(Likeness::Equal);
  }

  bool has_paired_neighbour(uint32_t x, uint32_t y, const std::vector<uint32_t>& partners) const {
    const auto p = a_.view.operands[x], q = b_.view.operands[y];
    for (size_t slot = 0; slot < std::min(p.size(), q.size()); ++slot) {
      if (p[slot] == kNoIndex || q[slot] == kNoIndex) continue;
      const uint32_t left = a_.view.producers[p[slot]], right = b_.view.producers[q[slot]];
      if (left != kNoIndex && right != kNoIndex && partners[left] == right) return true;
    }
    for (size_t slot = 0; slot < std::min(a_.view.outputs[x].size(), b_.view.outputs[y].size());
         ++slot) {
      const uint32_t v = a_.view.outputs[x][slot], w = b_.view.outputs[y][slot];
      if (v == kNoIndex || w == kNoIndex || a_.view.uses[v].empty() || b_.view.uses[w].empty())
        continue;
      if (partners[a_.view.uses[v][0].node] == b_.view.uses[w][0].node) return true;
    }
    return false;
  }

  // From pairs to the producers of what they read and to the users of what they make, as far as
  // nodes are alike. Where several users are alike the choice waits until nothing else is left.
  void spread(Likeness likeness) {
    if (is_done()) return;
    find_downstream(likeness == Likeness::SameOperator ? Likeness::SameShapes : likeness);
    nodes_.clear();
    values_.clear();
    for (uint32_t x = 0; x < a_.node_partner.size(); ++x)
      if (a_.node_partner[x] != kNoIndex) nodes_.emplace_back(x, a_.node_partner[x]);
    for (uint32_t x = 0; x < a_.value_partner.size(); ++x)
      if (a_.value_partner[x] != kNoIndex) values_.emplace_back(x, a_.value_partner[x]);
    for (const auto& [x, y] : known_.outputs) pair_producers(x, y, likeness);
    for (const auto& [x, y] : std::deque(values_)) pair_producers(x, y, likeness);
    std::deque<std::pair<uint32_t, uint32_t>> unsure;
    while (true) {
      if (!nodes_.empty()) {
        const auto [x, y] = nodes_.front();
        nodes_.pop_front();
        visit_operands(x, y, likeness);
      } else if (!values_.empty()) {
        const auto [x, y] = values_.front();
        values_.pop_front();
        if (!visit_users(x, y, likeness, false)) unsure.emplace_back(x, y);
      } else if (!unsure.empty()) {
        const auto [x, y] = unsure.front();
        unsure.pop_front();
        visit_users(x, y, likeness, true);
      } else {
        return;
      }
    }
  }

  void pair_producers(uint32_t x, uint32_t y, Likeness likeness) {
    if (x == kNoIndex || y == kNoIndex) return;
    const uint32_t p = a_.view.producers[x], q = b_.view.producers[y];
    if (p != kNoIndex && q != kNoIndex && a_.view.producer_slots[x] == b_.view.producer_slots[y])
      pair_if_alike(p, q, likeness);
  }

  void visit_operands(uint32_t x, uint32_t y, Likeness likeness) {
    const auto p = a_.view.operands[x], q = b_.view.operands[y];
    const size_t inputs = std::min(a_.view.input_counts[x], b_.view.input_counts[y]);
    for (size_t slot = 0; slot < inputs; ++slot) pair_producers(p[slot], q[slot], likeness);
    for (size_t i = a_.view.input_counts[x], j = b_.view.input_counts[y];
         i < p.size() && j < q.size(); ++i, ++j)
      pair_producers(p[i], q[j], likeness);
  }

  // The users of two values that are one; false where some are alike, so that one must choose.
  bool visit_users(uint32_t x, uint32_t y, Likeness likeness, bool choose) {
    if (a_.keys.constants[x] || b_.keys.constants[y]) return true;
    auto left = a_.free_users(x, likeness), right = b_.free_users(y, likeness);
    if (left.empty() || right.empty()) return true;
    if (!choose) {
      pair_unique_users(std::move(left), std::move(right));
      left = a_.free_users(x, likeness);
      right = b_.free_users(y, likeness);
      std::sort(left.begin(), left.end());
      std::sort(right.begin(), right.end());
      return !has_common_key(left, right);
    }
    // The more two have in common the sooner they are paired.
    for (const int shared : {3, 2, 1}) {
      join(ranked(a_, left, false, shared), ranked(b_, right, true, shared));
      left = a_.free_users(x, likeness);
      right = b_.free_users(y, likeness);
    }
    return true;
  }

  // A node that reads the value twice stands there twice.
  void pair_unique_users(std::vector<Keyed> left, std::vector<Keyed> right) {
    std::sort(left.begin(), left.end());
    std::sort(right.begin(), right.end());
    for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
      if (left[i].first != right[j].first) {
        left[i].first < right[j].first ? ++i : ++j;
        continue;
      }
      const uint64_t key = left[i].first;
      const size_t first_i = i, first_j = j;
      while (i < left.size() && left[i].first == key) ++i;
      while (j < right.size() && right[j].first == key) ++j;
      const uint32_t p = left[first_i].second, q = right[first_j].second;
      if (i == first_i + 1 && j == first_j + 1 && a_.is_free(p) && b_.is_free(q)) pair_nodes(p, q);
    }
  }

  static bool has_common_key(const std::vector<Keyed>& left, const std::vector<Keyed>& right) {
    for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
      if (left[i].first == right[j].first) return true;
      left[i].first < right[j].first ? ++i : ++j;
    }
    return false;
  }

  static constexpr int kSameOperands = -1;  // the matched values that they read alone

  // Keys that hold more the more the two must have in common: 1: what is computed from them; 2: and
  // the matched values that they read; 3: and the name.
  std::vector<Keyed> ranked(const MatchSide& side, const std::vector<Keyed>& users, bool second,
                            int shared) const {
    const auto& downstream = second ? downstream_b_ : downstream_a_;
    std::vector<Keyed> out;
    for (auto [key, node] : users) {
      if (shared >= 1) key = hash_combine(key, downstream[node]);
      if (shared >= 2 || shared == kSameOperands)
        for (const uint32_t value : side.view.operands[node]) {
          const bool known = value != kNoIndex && side.value_partner[value] != kNoIndex;
          key = hash_combine(key, !known ? kNoIndex : second ? value : side.value_partner[value]);
        }
      if (shared >= 3) key = hash_combine(key, side.addresses[node]);
      out.emplace_back(key, node);
    }
    return out;
  }

  // Those of one key in order, as many as there are on both sides.
  void join(std::vector<Keyed> left, std::vector<Keyed> right) {
    std::sort(left.begin(), left.end());
    std::sort(right.begin(), right.end());
    for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
      if (left[i].first != right[j].first) {
        left[i].first < right[j].first ? ++i : ++j;
        continue;
      }
      const uint32_t p = left[i++].second, q = right[j++].second;
      if (a_.is_free(p) && b_.is_free(q)) pair_nodes(p, q);
    }
  }

  MatchSide a_, b_;
  const KnownPairs& known_;
  std::vector<uint64_t> downstream_a_, downstream_b_;
  std::deque<std::pair<uint32_t, uint32_t>> nodes_, values_;  // paired and not yet spread from
};

}  // namespace

IndexMatch match_nodes(const GraphKeys& a, const GraphKeys& b, const KnownPairs& known) {
  NodeMatcher by_name(a, b, known);
  by_name.run(true);
  const uint64_t cost = by_name.cost();
  if (cost == 0) return by_name.take(true);
  NodeMatcher by_structure(a, b, known);
  by_structure.run(false);
  return by_structure.cost() < cost ? by_structure.take(false) : by_name.take(true);
}

}  // namespace acuate
