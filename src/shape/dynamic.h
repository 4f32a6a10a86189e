#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shape/inference.h"

namespace acuate {

// By its declared or inferred type: a tensor with a dimension that is no number, or of unknown rank
// or type. Constants never are.
bool is_dynamic(const Value& value);
// A model input that callers feed and whose shape is dynamic.
bool is_dynamic_input(const Value& value);

// A dimension that is no number, with what makes it so.
struct DynamicAxis {
  const Value* value = nullptr;
  size_t axis = 0;
  std::string expression;  // `(h + 1)//2`; `unknown rank`, and axis 0, where not even that is known
  // For each name in it: where it comes from, and the nodes that it came through, the first nearest
  // to its origin. A name that only the engine knows stands for a size that its origin, the first
  // node of the chain, takes from data.
  struct Source {
    std::string symbol;
    std::string origin;            // `input 'x'`, `NonZero 'find'`
    const Value* input = nullptr;  // of the model, where it is one
    std::optional<size_t> axis;    // of the input; nothing: its values decide
    std::vector<const Node*> chain;
  };
  std::vector<Source> sources;
};

// The dynamic dimensions of a value, with their chains, into bodies and out of them. Linear in the
// length of the chains.
std::vector<DynamicAxis> explain_dynamic(const ShapeInference& shapes, const Value& value);

// Nodes of the main graph that make a dimension which none of their operands has and which no
// input's dimension gives: values decide it. In graph order.
std::vector<const Node*> data_dependent_nodes(const ShapeInference& shapes);

// `input 'x', axis 2 → Conv 'stem' → Resize 'up'`; `data of NonZero 'find' → …` where a node
// decides it by its data. A chain longer than `max_nodes` is told by its ends.
std::string chain_text(const DynamicAxis::Source& source, size_t max_nodes = 6);

}  // namespace acuate
