#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewrite/graph_writer.h"
#include "rewrite/legalizer.h"

namespace acuate {

// Writes simpler operators in the place of a node, for legalizers. What add() and the
// like make stands before the node; finish() takes the node out and gives its name and its outputs
// to what was made. A legalizer decides first and then writes: nothing is taken back.
class Expansion : public GraphWriter {
 public:
  Expansion(Node& node, const LegalizeContext& context);

  // Each result was made by this expansion and stands for the node's output of that place. What the
  // node alone read goes. Always nothing, for `return expansion.finish(y)`.
  std::nullopt_t finish(const std::vector<Value*>& results);
  std::nullopt_t finish(Value* result) { return finish(std::vector<Value*>{result}); }

 private:
  Node& node_;
  const LegalizeContext& context_;
};

// The reason where the first input is neither float32 nor float64: bounds are stated for these.
std::optional<std::string> not_real(const Node& node);

// The same for legalizers that also hold in float16, with the bound's 2^-22 as 2^-9, and in
// bfloat16: those that move data, or compute no more than a few operators in the node's own type.
std::optional<std::string> not_floating(const Node& node);

// Of a tensor whose every dimension is a number.
std::optional<Shape> known_shape(const Value* value);

// An initializer that no caller can override, or what a Constant node holds as a tensor.
std::optional<Tensor> known_tensor(const Value* value);
// Numbers of such a tensor of float32 or float64.
std::optional<std::vector<double>> known_reals(const Value* value);
// Integers of such a tensor, or that shape inference knows.
std::optional<std::vector<int64_t>> known_ints(const Value* value, const LegalizeContext& context);

// What stands in an attribute until some opset and in input `slot` from then on; nothing where it
// is computed, empty where there is none.
std::optional<std::vector<int64_t>> ints_of(const Node& node, std::string_view attribute,
                                            size_t slot, const LegalizeContext& context);

}  // namespace acuate
