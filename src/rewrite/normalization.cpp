#include "rewrite/normalization.h"

#include <algorithm>
#include <numeric>

#include "rewrite/facts.h"
#include "rewrite/surgery.h"

namespace acuate {

const std::vector<Pattern>& mean_variance_forms() {
  static const std::vector<Pattern> all = [] {
    const std::string d = "d=Sub(x, mean=ReduceMean(x, ...))";
    const std::string sigma = "Sqrt(Add(var=ReduceMean((Pow(d, 2) | Mul(d, d)), ...), #eps))";
    std::vector<Pattern> out;
    for (const std::string& core :
         {"Div(" + d + ", " + sigma + ")", "Mul(" + d + ", Reciprocal(" + sigma + "))",
          "Mul(" + d + ", Div(1, " + sigma + "))"}) {
      out.emplace_back("Add(Mul(" + core + ", gamma), beta)");
      out.emplace_back("Mul(" + core + ", gamma)");
      out.emplace_back(core);
    }
    return out;
  }();
  return all;
}

std::optional<std::string> reduced_axes(const Node& node, int64_t rank,
                                        std::vector<int64_t>& axes) {
  const std::string op(node.op_type());
  if (node.int_attribute("keepdims", 1) == 0) return op + " drops its axes (keepdims = 0)";
  const auto given = axes_of(node, 1);
  if (!given) return "the axes of " + op + " are not constants";
  axes = *given;
  if (axes.empty() && node.int_attribute("noop_with_empty_axes", 0) == 0) {
    axes.resize(static_cast<size_t>(rank));
    std::iota(axes.begin(), axes.end(), 0);
  }
  for (int64_t& axis : axes) {
    const auto place = normalized_axis(axis, rank);
    if (!place) return "an axis of " + op + " is out of range";
    axis = *place;
  }
  std::sort(axes.begin(), axes.end());
  return std::nullopt;
}

std::optional<std::string> normalized_axes(const Match& match, int64_t rank,
                                           std::vector<int64_t>& axes) {
  if (auto reason = reduced_axes(*match["mean"]->producer, rank, axes)) return reason;
  std::vector<int64_t> others;
  if (auto reason = reduced_axes(*match["var"]->producer, rank, others)) return reason;
  if (axes != others) return "mean and variance are over different axes";
  return std::nullopt;
}

Value* add_constant(const Match& match, const Tensor& tensor, std::string_view suffix) {
  Graph& graph = match.root()->graph();
  std::string stem(match.root()->output()->name);
  Value* value = graph.add_value(graph.unused_name(stem.append(suffix)));
  graph.set_initializer(*value, tensor);
  return value;
}

Tensor filled(const Shape& shape, float number) {
  Tensor tensor = Tensor::allocate(ElementType::Float, shape);
  const auto values = tensor.mutable_values<float>();
  std::fill(values.begin(), values.end(), number);
  return tensor;
}

std::optional<Tensor> channel_vector(const Value* parameter, int64_t channels, size_t rank) {
  const auto tensor = float_constant(parameter);
  if (!tensor || tensor->size() != channels) return std::nullopt;
  const Shape& shape = tensor->shape();
  if (shape.size() > rank || shape.size() + 1 < rank || shape[shape.size() + 1 - rank] != channels)
    return std::nullopt;
  return tensor->reshaped({channels});
}

}  // namespace acuate
