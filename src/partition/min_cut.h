#pragma once

#include <cstdint>
#include <vector>

namespace acuate {

// A directed network with capacities, and its cheapest cut between a source and a sink: Dinic,
// "Algorithm for solution of a problem of maximum flow in networks with power estimation", Soviet
// Math. Dokl. 11 (1970), iterative, so that long chains do not exhaust the stack.
class FlowNetwork {
 public:
  static constexpr double kUnbounded = 1e18;

  explicit FlowNetwork(uint32_t nodes) : heads_(nodes, kNone) {}
  uint32_t add_node();
  // `back` is the capacity of the opposite direction.
  void add_edge(uint32_t from, uint32_t to, double capacity, double back = 0);
  // For each node whether it is on the source's side of a cut of least capacity: the smallest such
  // side. Capacities are used up.
  std::vector<bool> source_side(uint32_t source, uint32_t sink);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Edge {
    uint32_t to, next;  // edges of a node are a list; the edge i ^ 1 goes back
    double left;
  };
  bool measure_distances(uint32_t source, uint32_t sink);
  void fill_paths(uint32_t source, uint32_t sink);

  std::vector<uint32_t> heads_, distance_, current_;
  std::vector<Edge> edges_;
};

}  // namespace acuate
