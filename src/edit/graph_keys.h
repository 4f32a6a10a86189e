#pragma once

#include <array>
#include <memory>
#include <optional>
#include <unordered_map>

#include "edit/graph_view.h"
#include "graph/model.h"

namespace acuate {

// How alike two nodes must be to be taken for the same: everything but names; all but the values of
// weights, not the types and shapes of them; the operator.
enum class Likeness { Equal, SameShapes, SameOperator };
inline constexpr size_t kLikenesses = 3;
inline constexpr Likeness kAllLikenesses[] = {Likeness::Equal, Likeness::SameShapes,
                                              Likeness::SameOperator};

// A value that is the same in every run: an initializer or the output of a Constant node.
struct ConstantKeys {
  uint64_t type = 0;     // element type and shape
  uint64_t content = 0;  // and values
};

struct GraphKeys;
// Of the graphs of one model, each made when it is first asked for.
class GraphKeysCache {
 public:
  const GraphKeys& of(const Graph& graph);
  ~GraphKeysCache();

 private:
  std::unordered_map<const Graph*, std::unique_ptr<GraphKeys>> keys_;
};

// A graph and keys of its nodes that do not depend on names: nodes that are alike have equal ones.
struct GraphKeys {
  GraphKeys(const Graph& given, GraphKeysCache& bodies);

  GraphView view;
  std::vector<std::optional<ConstantKeys>> constants;  // by value
  std::vector<bool> is_constant_node;                  // by node
  // By node: operator, attributes and bodies alone; and with the constants that it reads.
  std::array<std::vector<uint64_t>, kLikenesses> labels;
  std::array<std::vector<uint64_t>, kLikenesses> nodes;

  uint64_t label(uint32_t node, Likeness likeness) const {
    return labels[static_cast<size_t>(likeness)][node];
  }
  uint64_t node(uint32_t index, Likeness likeness) const {
    return nodes[static_cast<size_t>(likeness)][index];
  }
  // Key of a constant, or nothing.
  std::optional<uint64_t> constant(uint32_t value, Likeness likeness) const;

  // By node: all that it is computed from, given keys of the values that no node produces (0 for
  // those that have none); and all that is computed from it, given keys of the graph's outputs.
  std::vector<uint64_t> keys_upstream(Likeness likeness, const std::vector<uint64_t>& values) const;
  std::vector<uint64_t> keys_downstream(Likeness likeness,
                                        const std::vector<uint64_t>& values) const;

 private:
  void find_constants();
  void add_labels(GraphKeysCache& bodies);
};

// The content of a Constant node, whichever attribute holds it; nothing for strings, sparse tensors
// and other nodes.
std::optional<TensorRef> constant_of(const Node& node);

// Attributes are equal where their texts are, or the bytes of what has no text.
bool is_equal_attribute(const Attribute& a, const Attribute& b);

}  // namespace acuate
