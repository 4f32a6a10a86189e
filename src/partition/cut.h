#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "graph/model.h"
#include "partition/pieces.h"

namespace acuate {

// A piece of the main graph as nodes, in stored order, and what passes its border.
struct Part {
  Label label = kHost;
  std::vector<const Node*> nodes;             // without Constant nodes
  std::vector<const Value*> inputs, outputs;  // in order of first use, and as they are made
};

// The part as a model of its own that has the opsets, the IR version, the functions that it calls
// and the constants that it reads; weights are referred to, not copied. Linear in the part. An
// output may be a constant or an input. Errors: a border of a type that is not known, sparse
// initializers.
Result<std::unique_ptr<Model>> cut_out(const Model& model, const Part& part);

// Pieces with their borders, for the graph that the Dag was made of. Outputs of the graph that are
// constants belong to the first part; pieces that nobody needs are left out. Linear in nodes and
// operands.
std::vector<Part> parts_of(const Graph& graph, const Dag& dag, const std::vector<Piece>& pieces);

// The same for labels that are known already.
std::vector<Part> divide(const Graph& graph, const std::function<Label(const Node&)>& label_of);

}  // namespace acuate
