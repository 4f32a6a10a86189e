#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "partition/pieces.h"

namespace acuate {

// Predicted times of one inference on one machine, in microseconds.
struct PartitionCosts {
  std::function<double(const Node&)> host_us, target_us;
  // Of moving a tensor over the border, for either direction.
  std::function<double(const Value&)> copy_us;
  double host_call_us = 0, target_call_us = 0;  // of each call of a piece beyond its nodes
};

struct PartitionRequest {
  // Whether the target may have a node of the main graph: it takes it, and nobody keeps it on the
  // host.
  std::function<bool(const Node&)> may_take;
  // Nodes of different groups, from 1, share no engine: modules that a configuration names. Empty:
  // all are of one group.
  std::function<Label(const Node&)> group;
  const PartitionCosts* costs = nullptr;  // null: there is no cost table, only counts are known
  std::optional<size_t> max_engines;
};

// What a partition amounts to.
struct PartitionCounts {
  size_t engines = 0;  // pieces on the target
  size_t host_pieces = 0;
  size_t nodes_on_target = 0, nodes_total = 0;  // without constants
  int64_t macs_on_target = 0, macs_total = 0;   // of nodes with static shapes
  std::optional<double> predicted_us;           // nothing without costs

  double coverage() const {  // 0…1, of nodes
    return nodes_total == 0 ? 0 : double(nodes_on_target) / double(nodes_total);
  }
};

// A way to divide the work, told before anything is converted.
struct PartitionOption {
  std::string id;  // `host`, `everything`, `largest`, `chosen`
  PartitionCounts counts;
};

struct Partition {
  Dag dag;  // refers to the graph
  std::vector<Label> labels;
  std::vector<Piece> pieces;  // in the order of execution
  PartitionCounts counts;
  // Nothing converted; all that the target takes; the largest engine of that alone; what was
  // chosen.
  std::vector<PartitionOption> options;

  bool is_on_target(const Node& node) const;

 private:
  friend class Partitioner;
  std::unordered_map<const Node*, uint32_t> index_;
};

// Divides the main graph into pieces of host and target. With costs the labelling of least
// predicted time: a minimum cut gives the best for nodes and borders, and whole pieces then change
// sides as long as calls saved are worth it; where nothing is cheaper than all that the target
// takes, it has all of it. Without costs all that the target takes, less pieces
// that multiply nothing where others do. `max_engines` gives up the pieces that bring least.
// Values that are no tensors never cross a border. Errors: they cannot be kept from it.
Result<Partition> partition(const Graph& graph, const PartitionRequest& request);

}  // namespace acuate
