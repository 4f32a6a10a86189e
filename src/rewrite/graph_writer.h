#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "graph/model.h"

namespace acuate {

// Writes operators into a graph, in the order of the calls, as the model's opset has them, from 7
// on (axes as attributes or inputs, …).
class GraphWriter {
 public:
  using Setting = std::pair<std::string_view,
                            std::variant<int64_t, float, std::string_view, std::vector<int64_t>>>;
  using Settings = std::vector<Setting>;  // attributes

  // In front of `before`, or at the end; new values are named after `stem`. `element`: of number().
  GraphWriter(Graph& graph, Node* before, std::string stem, ElementType element);

  Value* add(std::string_view op_type, const std::vector<Value*>& inputs,
             const Settings& settings = {});
  std::vector<Value*> add_several(std::string_view op_type, const std::vector<Value*>& inputs,
                                  const Settings& settings, size_t outputs);
  Value* constant(const Tensor& tensor);
  // The bytes of a constant under another shape of as many elements; none is copied.
  Value* reshaped_constant(const Value& constant, Shape shape);
  Value* number(double number);                      // a scalar
  Value* ints(const std::vector<int64_t>& numbers);  // int64[n]

  Value* reshape(Value* x, const Shape& shape);  // 0 and −1 as the operator has them
  Value* transpose(Value* x, const std::vector<int64_t>& permutation);
  Value* reduce(std::string_view op_type, Value* x, const std::vector<int64_t>& axes,
                bool keeps_axes = true);
  Value* slice(Value* x, int64_t axis, int64_t begin, int64_t end, int64_t step = 1);
  Value* squeeze(Value* x, int64_t axis);
  Value* unsqueeze(Value* x, int64_t axis);
  Value* clip(Value* x, double lowest, double highest);

 protected:
  Value* new_value(std::string_view suffix);

  Graph& graph_;
  std::vector<Node*> made_;
  int64_t opset_;

 private:
  Node* before_;
  std::string stem_;
  ElementType element_;
  std::unordered_map<double, Value*> numbers_;
};

}  // namespace acuate
