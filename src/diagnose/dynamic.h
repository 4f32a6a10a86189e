#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "graph/model.h"

namespace acuate {

// A tensor with a dimension that is no number, or of unknown rank or type. Constants never are.
bool is_dynamic(const Value& value);
// A model input that callers feed and whose shape is dynamic.
bool is_dynamic_input(const Value& value);

// Where a dynamic shape comes from, by the shortest way.
struct DynamicOrigin {
  const Value* input = nullptr;    // a dynamic input of the model, or, where that is null,
  const Node* node = nullptr;      // the node whose result's size follows from values
  std::vector<const Node*> chain;  // from there to the producer of the value, in order

  std::string source() const;  // `input 'x'`, `NonMaxSuppression 'nms'`
  // `x → conv1 → relu1 → … → head`, at most `limit` nodes.
  std::string text(size_t limit = 6) const;
};

// Backward from a dynamic value, through dynamic values and through the integers that Shape and
// Size computed from them. Linear in what lies before the value.
DynamicOrigin dynamic_origin(const Value& value);

// Nodes of the main graph with a dynamic result and no dynamic operand whose shape does not follow
// from an input's dimensions: their values decide. Scaffolds are none.
std::vector<const Node*> data_dependent_nodes(const Model& model);

// Shape scaffolds: nodes of the main graph whose results depend on constants and on dimensions
// (Shape, Size) alone. With static shapes they fold away.
std::unordered_set<const Node*> shape_scaffold(const Model& model);

}  // namespace acuate
