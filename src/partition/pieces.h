#pragma once

#include <cstdint>
#include <vector>

#include "partition/dag.h"

namespace acuate {

// Where a node runs: 0 is the host, everything else a group of nodes that may share an engine of
// the target.
using Label = uint16_t;
inline constexpr Label kHost = 0;

// Nodes that run together, one after another in stored order. Convex: no path leaves a piece and
// comes back, since pieces run in order.
struct Piece {
  Label label = kHost;
  std::vector<uint32_t> nodes;  // of the Dag, growing

  bool on_target() const { return label != kHost; }
};

// Pieces in an order of execution. With one group as few as the labels allow: as many as a path
// changes sides, for the side that begins better. With several groups each piece is as large as it
// can be when it is begun. Linear in nodes and operands.
std::vector<Piece> make_pieces(const Dag& dag, const std::vector<Label>& labels);

// The piece of each node.
std::vector<uint32_t> piece_of_node(const Dag& dag, const std::vector<Piece>& pieces);

}  // namespace acuate
