#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "rewrite/legalizer.h"

namespace acuate {

// Writes simpler operators in the place of a node, for legalizers. What add() and the
// like make stands before the node; finish() takes the node out and gives its name and its outputs
// to what was made. A legalizer decides first and then writes: nothing is taken back.
//
// Operators are written as the model's opset has them, from 7 on (axes as attributes or inputs, …).
class Expansion {
 public:
  using Setting = std::pair<std::string_view,
                            std::variant<int64_t, float, std::string_view, std::vector<int64_t>>>;
  using Settings = std::vector<Setting>;  // attributes

  Expansion(Node& node, const LegalizeContext& context);

  Value* add(std::string_view op_type, const std::vector<Value*>& inputs,
             const Settings& settings = {});
  std::vector<Value*> add_several(std::string_view op_type, const std::vector<Value*>& inputs,
                                  const Settings& settings, size_t outputs);
  Value* constant(const Tensor& tensor);
  // The bytes of a constant under another shape of as many elements; none is copied.
  Value* reshaped_constant(const Value& constant, Shape shape);
  Value* number(double number);  // a scalar of the element type of the node's first input
  Value* ints(const std::vector<int64_t>& numbers);  // int64[n]

  Value* reshape(Value* x, const Shape& shape);  // 0 and −1 as the operator has them
  Value* transpose(Value* x, const std::vector<int64_t>& permutation);
  Value* reduce(std::string_view op_type, Value* x, const std::vector<int64_t>& axes,
                bool keeps_axes = true);
  Value* slice(Value* x, int64_t axis, int64_t begin, int64_t end, int64_t step = 1);
  Value* squeeze(Value* x, int64_t axis);
  Value* unsqueeze(Value* x, int64_t axis);
  Value* clip(Value* x, double lowest, double highest);

  // Each result was made by this expansion and stands for the node's output of that place. What the
  // node alone read goes. Always nothing, for `return expansion.finish(y)`.
  std::nullopt_t finish(const std::vector<Value*>& results);
  std::nullopt_t finish(Value* result) { return finish(std::vector<Value*>{result}); }

 private:
  Value* new_value(std::string_view suffix);

  Node& node_;
  Graph& graph_;
  const LegalizeContext& context_;
  int64_t opset_;
  ElementType element_;  // of number()
  std::vector<Node*> made_;
  std::unordered_map<double, Value*> numbers_;
};

// The reason where the first input is neither float32 nor float64: bounds are stated for these.
std::optional<std::string> not_real(const Node& node);

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
