#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace acuate {

// Which values of an attribute a target takes: some, told as text, or the numbers from `min` to
// `max`, of a list every one.
struct AttributeLimit {
  std::vector<std::string> allowed;  // empty: any within min and max, unless last_axis
  bool last_axis = false;            // -1, and what counts the same axis from the front
  std::optional<double> min, max;

  std::string text() const;  // `nearest or linear`, `the last axis`, `from 1 to 15`, `at most 15`
};

// What the node has for an attribute: as text, and its numbers where it is one or a list of them.
struct AttributeValue {
  std::string text;
  std::optional<std::vector<double>> numbers;
};
// Nothing where it is absent; `kernel_shape` of a convolution is then that of its weights, if they
// are known (Conv and ConvTranspose of the ONNX operator specification).
std::optional<AttributeValue> attribute_value(const Node& node, const std::string& name);

// `rank` of the node's first input, by which axes count; nothing: only -1 is known for the last.
bool is_within(const AttributeLimit& limit, const AttributeValue& value,
               std::optional<size_t> rank);

}  // namespace acuate
