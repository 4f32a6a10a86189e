#include <numeric>

#include "quantize/gradient.h"

namespace acuate {
namespace {

double size_of(const Shape& shape, const std::vector<int64_t>& axes) {
  double size = 1;
  for (const int64_t axis : axes) size *= static_cast<double>(shape[static_cast<size_t>(axis)]);
  return size;
}

std::vector<int64_t> axes_from(int64_t first, size_t rank) {
  std::vector<int64_t> axes;
  for (auto axis = first; axis < static_cast<int64_t>(rank); ++axis) axes.push_back(axis);
  return axes;
}

int64_t axis_of(const GradientContext& context) {
  const int64_t axis = context.node().int_attribute("axis", -1);
  return axis < 0 ? axis + static_cast<int64_t>(context.shape(context.input(0)).size()) : axis;
}

std::optional<std::string> softmax(GradientContext& context) {
  const std::vector<int64_t> axes{axis_of(context)};
  Value *y = context.output(), *g = context.gradient();
  Value* sum = context.sum(context.multiply(g, y), axes);
  context.give(0, context.multiply(y, context.add("Sub", {g, sum})));
  return std::nullopt;
}

std::optional<std::string> log_softmax(GradientContext& context) {
  Value* g = context.gradient();
  Value* sum = context.sum(g, {axis_of(context)});
  Value* share = context.multiply(context.add("Exp", {context.output()}), sum);
  context.give(0, context.add("Sub", {g, share}));
  return std::nullopt;
}

// Through x̂ = (x − mean) / √(variance + ε) over `axes`, from the gradient by x̂:
// (g − mean(g) − x̂ · mean(g · x̂)) / √(variance + ε).
Value* through_normalized(GradientContext& context, Value* g, const std::vector<int64_t>& axes) {
  Value* x = context.input(0);
  const double part = 1 / size_of(context.shape(x), axes);
  const auto mean = [&](Value* value) { return context.scale(context.sum(value, axes), part); };
  Value* centred = context.add("Sub", {x, mean(x)});
  Value* variance = mean(context.multiply(centred, centred));
  const double epsilon = context.node().float_attribute("epsilon", 1e-5F);
  Value* deviation = context.add("Sqrt", {context.add("Add", {variance, context.number(epsilon)})});
  Value* normal = context.add("Div", {centred, deviation});
  Value* along = context.multiply(normal, mean(context.multiply(g, normal)));
  Value* across = context.add("Sub", {context.add("Sub", {g, mean(g)}), along});
  return context.add("Div", {across, deviation});
}

std::optional<std::string> layer_normalization(GradientContext& context) {
  if (context.gradient(1) != nullptr || context.gradient(2) != nullptr)
    return "its mean or deviation is read";
  if (!context.wants(0)) return std::nullopt;
  Value* scaled = context.multiply(context.gradient(), context.input(1));
  const size_t rank = context.shape(context.input(0)).size();
  context.give(0, through_normalized(context, scaled, axes_from(axis_of(context), rank)));
  return std::nullopt;
}

// [C] beside [N, C, …].
Value* by_channel(GradientContext& context, Value* x) {
  Shape shape(context.shape(context.input(0)).size(), 1);
  shape[1] = -1;
  return context.reshape(x, shape);
}

std::optional<std::string> instance_normalization(GradientContext& context) {
  if (!context.wants(0)) return std::nullopt;
  Value* scaled = context.multiply(context.gradient(), by_channel(context, context.input(1)));
  const size_t rank = context.shape(context.input(0)).size();
  context.give(0, through_normalized(context, scaled, axes_from(2, rank)));
  return std::nullopt;
}

std::optional<std::string> batch_normalization(GradientContext& context) {
  if (context.node().int_attribute("training_mode", 0) != 0) return "it is in training mode";
  if (!context.wants(0)) return std::nullopt;
  const double epsilon = context.node().float_attribute("epsilon", 1e-5F);
  Value* deviation =
      context.add("Sqrt", {context.add("Add", {context.input(4), context.number(epsilon)})});
  Value* factor = context.add("Div", {context.input(1), deviation});
  context.give(0, context.multiply(context.gradient(), by_channel(context, factor)));
  return std::nullopt;
}

}  // namespace

void register_quantize_normalization(GradientRegistry& registry) {
  registry.add({.id = "normalization",
                .doc = "Softmax, LogSoftmax; layer, instance and batch normalization by their data",
                .operators = {{"BatchNormalization", batch_normalization},
                              {"InstanceNormalization", instance_normalization},
                              {"LayerNormalization", layer_normalization},
                              {"LogSoftmax", log_softmax},
                              {"Softmax", softmax}}});
}

}  // namespace acuate
