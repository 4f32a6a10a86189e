#include <algorithm>
#include <set>

#include "quantize/gradient.h"

namespace acuate {
namespace {

size_t normal_axis(int64_t axis, size_t rank) {
  return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

std::optional<std::string> concat(GradientContext& context) {
  const size_t rank = context.shape(context.output()).size();
  const size_t axis = normal_axis(context.node().int_attribute("axis", 0), rank);
  int64_t begin = 0;
  for (size_t slot = 0; slot < context.node().input_count(); ++slot) {
    const int64_t end = begin + context.shape(context.input(slot))[axis];
    if (context.wants(slot))
      context.give(slot, context.slice(context.gradient(), static_cast<int64_t>(axis), begin, end));
    begin = end;
  }
  return std::nullopt;
}

std::optional<std::string> split(GradientContext& context) {
  std::vector<Value*> parts;
  for (size_t slot = 0; slot < context.node().outputs().size(); ++slot) {
    Value* part = context.gradient(slot);
    if (context.output(slot) == nullptr) return "one of its outputs is left out";
    if (part == nullptr)
      part = context.expand(context.number(0), context.shape(context.output(slot)));
    parts.push_back(part);
  }
  context.give(0,
               context.add("Concat", parts, {{"axis", context.node().int_attribute("axis", 0)}}));
  return std::nullopt;
}

// Back to every step-th place of one axis.
Value* unsliced(GradientContext& context, Value* g, Shape& shape, size_t axis, int64_t first,
                int64_t step, int64_t size) {
  const auto at = static_cast<int64_t>(axis);
  const int64_t count = shape[axis];
  if (step < 0) {
    g = context.slice(g, at, -1, INT64_MIN + 1, -1);
    first += (count - 1) * step;
    step = -step;
  }
  if (step > 1) {
    std::vector<int64_t> spread(shape.size(), 1);
    spread[axis] = step;
    g = context.spread(g, shape, spread);
    shape[axis] = (count - 1) * step + 1;
    g = context.slice(g, at, 0, shape[axis]);
  }
  std::vector<int64_t> begins(shape.size(), 0), ends = begins;
  begins[axis] = first;
  ends[axis] = size - first - shape[axis];
  shape[axis] = size;
  return context.pad(g, begins, ends);
}

std::optional<std::string> slice(GradientContext& context) {
  const Shape in = context.shape(context.input(0));
  const auto starts = known_ints(context.input(1), context.constants());
  if (!starts) return "its bounds are computed";
  const size_t given = starts->size();
  std::vector<int64_t> axes, steps(given, 1);
  for (size_t i = 0; i < given; ++i) axes.push_back(static_cast<int64_t>(i));
  if (context.input(3) != nullptr) {
    const auto known = known_ints(context.input(3), context.constants());
    if (!known || known->size() != given) return "its axes are computed";
    axes = *known;
  }
  if (context.input(4) != nullptr) {
    const auto known = known_ints(context.input(4), context.constants());
    if (!known || known->size() != given) return "its steps are computed";
    steps = *known;
  }
  Shape shape = context.shape(context.output());
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return "it is empty";
  Value* g = context.gradient();
  for (size_t i = 0; i < given; ++i) {
    const size_t axis = normal_axis(axes[i], in.size());
    const int64_t size = in[axis];
    int64_t first = (*starts)[i] < 0 ? (*starts)[i] + size : (*starts)[i];
    first = std::clamp<int64_t>(first, 0, size - 1);
    if (shape[axis] != size || steps[i] != 1)
      g = unsliced(context, g, shape, axis, first, steps[i], size);
  }
  context.give(0, g);
  return std::nullopt;
}

std::optional<std::string> pad(GradientContext& context) {
  if (!context.wants(0)) return std::nullopt;
  if (context.node().string_attribute("mode", "constant") != "constant")
    return "it repeats elements";
  const Shape in = context.shape(context.input(0));
  const auto pads = known_ints(context.input(1), context.constants());
  if (!pads) return "its pads are computed";
  std::vector<int64_t> axes;
  for (size_t i = 0; i < in.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  if (context.input(3) != nullptr) {
    const auto known = known_ints(context.input(3), context.constants());
    if (!known) return "its axes are computed";
    axes = *known;
  }
  Value* g = context.gradient();
  const Shape out = context.shape(context.output());
  std::vector<int64_t> begins(in.size(), 0), ends = begins;
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = normal_axis(axes[i], in.size());
    const int64_t begin = (*pads)[i], end = (*pads)[axes.size() + i];
    if (begin > 0 || end > 0)
      g = context.slice(g, static_cast<int64_t>(axis), std::max<int64_t>(begin, 0),
                        out[axis] - std::max<int64_t>(end, 0));
    begins[axis] = std::max<int64_t>(-begin, 0);  // what was cut off
    ends[axis] = std::max<int64_t>(-end, 0);
  }
  context.give(0, context.pad(g, begins, ends));
  return std::nullopt;
}

bool repeats(const std::optional<std::vector<int64_t>>& indices, int64_t size) {
  if (!indices) return true;
  std::set<int64_t> seen;
  for (const int64_t index : *indices)
    if (!seen.insert(index < 0 ? index + size : index).second) return true;
  return false;
}

std::optional<std::string> gather(GradientContext& context) {
  if (!context.wants(0)) return std::nullopt;
  const Shape in = context.shape(context.input(0)), picks = context.shape(context.input(1));
  const size_t axis = normal_axis(context.node().int_attribute("axis", 0), in.size());
  int64_t count = 1;
  for (const int64_t n : picks) count *= n;
  Shape updates = in, alone(in.size(), 1);
  updates[axis] = alone[axis] = count;
  Value* indices = context.expand(context.reshape(context.input(1), alone), updates);
  Value* sums = context.scatter(
      in, static_cast<int64_t>(axis), indices, context.reshape(context.gradient(), updates),
      repeats(known_ints(context.input(1), context.constants()), in[axis]));
  if (sums == nullptr) return "indices that may repeat need opset 16";
  context.give(0, sums);
  return std::nullopt;
}

std::optional<std::string> top_k(GradientContext& context) {
  if (!context.wants(0)) return std::nullopt;
  const Shape in = context.shape(context.input(0));
  const size_t axis = normal_axis(context.node().int_attribute("axis", -1), in.size());
  if (context.output(1) == nullptr) return "its indices are left out";
  context.give(0, context.scatter(in, static_cast<int64_t>(axis), context.output(1),
                                  context.gradient(), false));
  return std::nullopt;
}

}  // namespace

void register_quantize_slicing(GradientRegistry& registry) {
  registry.add({.id = "slicing",
                .doc = "parts of tensors, joined, taken out or picked",
                .operators = {{"Concat", concat},
                              {"Gather", gather},
                              {"Pad", pad},
                              {"Slice", slice},
                              {"Split", split},
                              {"TopK", top_k}}});
}

}  // namespace acuate
