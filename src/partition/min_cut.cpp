#include "partition/min_cut.h"

#include <algorithm>

namespace acuate {
namespace {

// Capacities are microseconds: what is smaller is the rounding of sums.
constexpr double kNothing = 1e-9;

}  // namespace

uint32_t FlowNetwork::add_node() {
  heads_.push_back(kNone);
  return static_cast<uint32_t>(heads_.size() - 1);
}

void FlowNetwork::add_edge(uint32_t from, uint32_t to, double capacity, double back) {
  edges_.push_back({to, heads_[from], capacity});
  heads_[from] = static_cast<uint32_t>(edges_.size() - 1);
  edges_.push_back({from, heads_[to], back});
  heads_[to] = static_cast<uint32_t>(edges_.size() - 1);
}

bool FlowNetwork::measure_distances(uint32_t source, uint32_t sink) {
  distance_.assign(heads_.size(), kNone);
  distance_[source] = 0;
  std::vector<uint32_t> queue = {source};
  for (size_t at = 0; at < queue.size() && distance_[sink] == kNone; ++at)
    for (uint32_t edge = heads_[queue[at]]; edge != kNone; edge = edges_[edge].next)
      if (edges_[edge].left > kNothing && distance_[edges_[edge].to] == kNone) {
        distance_[edges_[edge].to] = distance_[queue[at]] + 1;
        queue.push_back(edges_[edge].to);
      }
  return distance_[sink] != kNone;
}

void FlowNetwork::fill_paths(uint32_t source, uint32_t sink) {
  current_ = heads_;
  std::vector<uint32_t> path;  // edges from the source
  uint32_t node = source;
  while (true) {
    if (node == sink) {
      double flow = kUnbounded;
      for (const uint32_t edge : path) flow = std::min(flow, edges_[edge].left);
      size_t full = path.size();
      for (size_t i = path.size(); i-- > 0;) {
        edges_[path[i]].left -= flow;
        edges_[path[i] ^ 1].left += flow;
        if (edges_[path[i]].left <= kNothing) full = i;
      }
      path.resize(full);
      node = path.empty() ? source : edges_[path.back()].to;
      continue;
    }
    uint32_t& edge = current_[node];
    while (edge != kNone &&
           (edges_[edge].left <= kNothing || distance_[edges_[edge].to] != distance_[node] + 1))
      edge = edges_[edge].next;
    if (edge != kNone) {
      path.push_back(edge);
      node = edges_[edge].to;
    } else if (path.empty()) {
      return;
    } else {
      distance_[node] = kNone;  // a dead end
      path.pop_back();
      node = path.empty() ? source : edges_[path.back()].to;
    }
  }
}

std::vector<bool> FlowNetwork::source_side(uint32_t source, uint32_t sink) {
  while (measure_distances(source, sink)) fill_paths(source, sink);
  std::vector<bool> side(heads_.size());
  for (size_t node = 0; node < side.size(); ++node) side[node] = distance_[node] != kNone;
  return side;
}

}  // namespace acuate
