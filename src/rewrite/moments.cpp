#include "rewrite/moments.h"

#include <numeric>

#include "rewrite/facts.h"

namespace acuate {

Value* normalize(Expansion& out, Value* x, const std::vector<int64_t>& axes, double epsilon) {
  Value* centred = out.add("Sub", {x, out.reduce("ReduceMean", x, axes)});
  Value* variance = out.reduce("ReduceMean", out.add("Mul", {centred, centred}), axes);
  Value* deviation = out.add("Sqrt", {out.add("Add", {variance, out.number(epsilon)})});
  return out.add("Div", {centred, deviation});
}

std::optional<std::vector<int64_t>> last_axes(const Node& node) {
  const auto rank = rank_of(node.input(0));
  const auto first = rank ? normalized_axis(node.int_attribute("axis", -1), *rank) : std::nullopt;
  if (!first) return std::nullopt;
  std::vector<int64_t> axes(static_cast<size_t>(*rank - *first));
  std::iota(axes.begin(), axes.end(), *first);
  return axes;
}

std::optional<std::string> softmax_axis(const Node& node, int64_t& axis) {
  const auto rank = rank_of(node.input(0));
  if (!rank) return "the rank of its input is not known";
  if (node.graph().opset_version() < 13) return "before opset 13 it flattens its input";
  const auto found = normalized_axis(node.int_attribute("axis", -1), *rank);
  if (!found) return "its axis is out of range";
  axis = *found;
  return std::nullopt;
}

Value* scale_channels(Expansion& out, Value* x, Value* scale, Value* bias, int64_t rank) {
  Shape shape(static_cast<size_t>(rank - 1), 1);
  shape[0] = -1;
  const auto column = [&](Value* vector) {
    const auto known = known_tensor(vector);
    if (!known) return out.reshape(vector, shape);
    Shape fixed = shape;
    fixed[0] = known->size();
    return out.reshaped_constant(*vector, fixed);
  };
  Value* scaled = out.add("Mul", {x, column(scale)});
  return out.add("Add", {scaled, column(bias)});
}

}  // namespace acuate
