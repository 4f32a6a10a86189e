#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// A layer whose results are read in parts and never whole: by Slice and Split nodes with constant
// bounds along its channels, as heads are that compute boxes beside scores.
struct LayerParts {
  Node* layer = nullptr;   // Conv without groups, Gemm or MatMul, with constant weights and biases
  size_t weight_axis = 0;  // of the results' channels in the weights
  struct Part {
    Value* value = nullptr;  // that a Slice or Split makes
    int64_t begin = 0, end = 0;
  };
  std::vector<Part> parts;  // at least two, together no wider than the layer
};

// The parts of the layer that makes this value. Nothing where something else reads the value, an
// output of the model included, where a part is sliced along other axes or in steps, or where sizes
// are not known.
std::optional<LayerParts> find_layer_parts(const Value& result);

// Gives each part a layer of its own, with its share of the weights and biases, in place of the
// layer and of what divided its results: the same numbers in no more operations. Parts keep their
// names. Errors: weights that cannot be read.
Result<void> split_layer(const LayerParts& parts);

}  // namespace acuate
