#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"
#include "shape/inference.h"

namespace acuate {
namespace {

// Nothing where an element is not known, or is a dimension that cuts something off.
std::optional<std::vector<int64_t>> constant_bounds(const ShapeData& data, const Dims& x,
                                                    const std::vector<int64_t>& axes,
                                                    const std::vector<int64_t>& steps,
                                                    bool is_end) {
  if (data.denominator != 1 || data.values.size() != axes.size()) return std::nullopt;
  std::vector<int64_t> bounds;
  for (size_t i = 0; i < axes.size(); ++i) {
    const Expr bound = data.values[i];
    const auto axis = normalized_axis(axes[i], static_cast<int64_t>(x.size()));
    if (!axis) return std::nullopt;
    const Expr dim = x[static_cast<size_t>(*axis)];
    if (const auto number = bound.as_number())
      bounds.push_back(*number);
    else if (is_end && steps[i] > 0 && (bound == dim || is_true(less(dim, bound))))
      bounds.push_back(INT64_MAX);
    else
      return std::nullopt;
  }
  return bounds;
}

std::optional<std::string> rewrite(Node& node, const PassContext& context) {
  const Value* x = node.input(0);
  if (x == nullptr || node.input_count() < 3 || node.output() == nullptr) return "";
  Value *const starts = node.input(1), *const ends = node.input(2);
  if (starts == nullptr || ends == nullptr || (starts->initializer && ends->initializer)) return "";
  const Dims* dims = context.shapes->shape(*x);
  const ShapeData *first = context.shapes->data(*starts), *last = context.shapes->data(*ends);
  if (dims == nullptr || first == nullptr || last == nullptr) return "its bounds are not known";
  std::vector<int64_t> axes(first->values.size()), steps(first->values.size(), 1);
  for (size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<int64_t>(i);
  const auto given_axes = node.input(3) ? int_constant(node.input(3)) : axes;
  const auto given_steps = node.input(4) ? int_constant(node.input(4)) : steps;
  if (!given_axes || !given_steps || given_axes->size() != axes.size() ||
      given_steps->size() != axes.size())
    return "its axes or steps are not constant";
  const auto low = constant_bounds(*first, *dims, *given_axes, *given_steps, false);
  const auto high = constant_bounds(*last, *dims, *given_axes, *given_steps, true);
  if (!low || !high) return "its bounds depend on a dimension";
  Graph& graph = node.graph();
  if (starts->type.element != ElementType::Int64) return "its bounds are not int64";
  const auto set = [&](size_t slot, const std::vector<int64_t>& bounds, const char* suffix) {
    Value* value = graph.add_value(graph.unused_name(std::string(node.output()->name) + suffix));
    graph.set_initializer(*value, Tensor::of<int64_t>({static_cast<int64_t>(bounds.size())},
                                                      std::span<const int64_t>(bounds)));
    node.set_input(slot, value);
  };
  if (!starts->initializer) set(1, *low, "_starts");
  if (!ends->initializer) set(2, *high, "_ends");
  remove_unused(*starts);
  remove_unused(*ends);
  return std::nullopt;
}

}  // namespace

void register_rewrite_constant_slice(PassRegistry& registry) {
  registry.add({.id = "constant_slice",
                .doc = "A Slice whose end is computed as a dimension that it cannot cut gets a "
                       "constant end.",
                .phase = Phase::Clean,
                .after = {"eliminate_identity"},
                .operators = {"Slice"},
                .rewrite = rewrite});
}

}  // namespace acuate
