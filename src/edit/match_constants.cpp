#include "edit/match_constants.h"

#include <algorithm>
#include <tuple>

#include "edit/match_nodes.h"

namespace acuate {
namespace {

struct Candidate {
  int likeness = 0;  // 2: equal content; 1: same type and shape; 0: neither
  uint32_t votes = 0;
  uint32_t x = 0, y = 0;
};

int likeness(const ConstantKeys& x, const ConstantKeys& y) {
  return x.content == y.content ? 2 : x.type == y.type ? 1 : 0;
}

bool is_own_constant(const GraphKeys& keys, uint32_t value) {
  return value != kNoIndex && value < keys.view.own_values && keys.constants[value].has_value();
}

// Constants of both sides that have the same name.
std::vector<std::pair<uint32_t, uint32_t>> same_names(const GraphKeys& a, const GraphKeys& b) {
  std::vector<std::pair<uint32_t, uint32_t>> out;
  for (uint32_t x = 0; x < a.view.own_values; ++x) {
    if (!is_own_constant(a, x)) continue;
    const Value* other = b.view.graph->find(a.view.values[x]->name);
    const uint32_t y = other ? b.view.index_of(other) : kNoIndex;
    if (is_own_constant(b, y)) out.emplace_back(x, y);
  }
  return out;
}

// Every place where matched nodes both read a constant, and every name that both sides have for
// equal content.
std::vector<Candidate> find_candidates(const GraphKeys& a, const GraphKeys& b,
                                       const IndexMatch& match) {
  std::vector<std::pair<uint32_t, uint32_t>> places;
  for (uint32_t x = 0; x < a.view.nodes.size(); ++x) {
    const uint32_t y = match.nodes[x];
    if (y == kNoIndex) continue;
    const auto p = a.view.operands[x], q = b.view.operands[y];
    for (size_t slot = 0; slot < std::min(p.size(), q.size()); ++slot)
      if (is_own_constant(a, p[slot]) && is_own_constant(b, q[slot]))
        places.emplace_back(p[slot], q[slot]);
  }
  std::sort(places.begin(), places.end());
  std::vector<Candidate> out;
  for (const auto& [x, y] : places) {
    if (out.empty() || out.back().x != x || out.back().y != y)
      out.push_back({likeness(*a.constants[x], *b.constants[y]), 0, x, y});
    out.back().votes += 2;
  }
  const size_t by_place = out.size();
  for (const auto& [x, y] : same_names(a, b)) {
    const int alike = likeness(*a.constants[x], *b.constants[y]);
    const auto end = out.begin() + static_cast<std::ptrdiff_t>(by_place);
    const auto place =
        std::lower_bound(out.begin(), end, std::pair(x, y),
                         [](const auto& c, auto v) { return std::pair(c.x, c.y) < v; });
    if (place != end && place->x == x && place->y == y)
      ++place->votes;
    else if (alike == 2)
      out.push_back({alike, 1, x, y});
  }
  return out;
}

// Constants without a partner whose content occurs as often among those of either side, in order.
std::vector<Candidate> find_moved(const GraphKeys& a, const GraphKeys& b,
                                  const std::vector<bool>& taken, const IndexMatch& match) {
  struct Places {
    std::vector<uint32_t> left, right;
  };
  std::unordered_map<uint64_t, Places> by_content;
  for (uint32_t x = 0; x < a.view.own_values; ++x)
    if (is_own_constant(a, x) && match.values[x] == kNoIndex)
      by_content[a.constants[x]->content].left.push_back(x);
  for (uint32_t y = 0; y < b.view.own_values; ++y)
    if (is_own_constant(b, y) && !taken[y]) by_content[b.constants[y]->content].right.push_back(y);
  std::vector<Candidate> out;
  for (const auto& [content, places] : by_content)
    if (places.left.size() == places.right.size())
      for (size_t i = 0; i < places.left.size(); ++i)
        out.push_back({2, 0, places.left[i], places.right[i]});
  return out;
}

}  // namespace

void match_constants(const GraphKeys& a, const GraphKeys& b, bool believe_names,
                     IndexMatch& match) {
  std::vector<bool> taken(b.view.values.size(), false);
  for (const uint32_t y : match.values)
    if (y != kNoIndex) taken[y] = true;
  const auto pair_best = [&](std::vector<Candidate> candidates) {
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& p, const Candidate& q) {
      return std::tuple(q.likeness, q.votes, p.x, p.y) < std::tuple(p.likeness, p.votes, q.x, q.y);
    });
    for (const Candidate& candidate : candidates) {
      if (match.values[candidate.x] != kNoIndex || taken[candidate.y]) continue;
      match.values[candidate.x] = candidate.y;
      taken[candidate.y] = true;
      const uint32_t p = a.view.producers[candidate.x], q = b.view.producers[candidate.y];
      if (p != kNoIndex && q != kNoIndex) match.nodes[p] = q;
    }
  };
  pair_best(find_candidates(a, b, match));
  pair_best(find_moved(a, b, taken, match));
  // A name alone tells less than equal content elsewhere: another model may have it for another.
  if (!believe_names) return;
  std::vector<Candidate> named;
  for (const auto& [x, y] : same_names(a, b))
    named.push_back({likeness(*a.constants[x], *b.constants[y]), 1, x, y});
  pair_best(std::move(named));
}

}  // namespace acuate
