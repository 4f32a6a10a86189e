#include "partition/value_range.h"

#include <map>
#include <optional>
#include <string_view>

namespace acuate {
namespace {

constexpr double kInfinity = ValueRange::kUnbounded;
constexpr int64_t kMostElements = 1 << 16;  // of a constant that is read for its range

ValueRange hull(ValueRange a, ValueRange b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

ValueRange sum(ValueRange a, ValueRange b) { return {a.low + b.low, a.high + b.high}; }
ValueRange negative(ValueRange a) { return {-a.high, -a.low}; }

ValueRange product(ValueRange a, ValueRange b) {
  ValueRange out{kInfinity, -kInfinity};
  for (const double x : {a.low, a.high})
    for (const double y : {b.low, b.high}) {
      const double both = x == 0 || y == 0 ? 0 : x * y;  // 0 times unbounded: the values are finite
      out = hull(out, {both, both});
    }
  return out;
}

ValueRange inverse(ValueRange a) {
  if (a.low <= 0 && a.high >= 0) return {};
  return {1 / a.high, 1 / a.low};
}

std::optional<ValueRange> range_of_constant(const Value& value) {
  if (!value.is_constant() || value.initializer->size() > kMostElements) return std::nullopt;
  auto tensor = value.graph->model().load(*value.initializer);
  if (!tensor || tensor->size() == 0) return std::nullopt;
  ValueRange range{kInfinity, -kInfinity};
  const auto take = [&](auto values) {
    for (const auto each : values) {
      const auto number = static_cast<double>(each);
      if (std::isfinite(number)) range = hull(range, {number, number});
    }
  };
  if (tensor->type() == ElementType::Float)
    take(tensor->values<float>());
  else if (tensor->type() == ElementType::Double)
    take(tensor->values<double>());
  else if (tensor->type() == ElementType::Int64)
    take(tensor->values<int64_t>());
  else if (tensor->type() == ElementType::Int32)
    take(tensor->values<int32_t>());
  else
    return std::nullopt;
  return range.low <= range.high ? std::optional(range) : std::nullopt;
}

const std::map<std::string_view, ValueRange> kSaturating = {{"Sigmoid", {0, 1}},
                                                            {"HardSigmoid", {0, 1}},
                                                            {"Softmax", {0, 1}},
                                                            {"Tanh", {-1, 1}},
                                                            {"Softsign", {-1, 1}},
                                                            {"Sin", {-1, 1}},
                                                            {"Cos", {-1, 1}},
                                                            {"Relu", {0, kInfinity}},
                                                            {"Exp", {0, kInfinity}},
                                                            {"Abs", {0, kInfinity}},
                                                            {"Sqrt", {0, kInfinity}},
                                                            {"Softplus", {0, kInfinity}},
                                                            {"LogSoftmax", {-kInfinity, 0}}};

// Those whose results are values of their first operand, or means of them.
constexpr std::string_view kPassing[] = {
    "Identity", "Reshape",       "Transpose",         "Squeeze",      "Unsqueeze",   "Flatten",
    "Slice",    "Gather",        "GatherElements",    "GatherND",     "Split",       "Expand",
    "Tile",     "MaxPool",       "ReduceMax",         "ReduceMin",    "ReduceMean",  "TopK",
    "Cast",     "GlobalMaxPool", "GlobalAveragePool", "DepthToSpace", "SpaceToDepth"};

// `Sigmoid` of something bounded is no wider than what Sigmoid gives at its ends; the ends of the
// saturating operators are enough here, except for those that pass part of their operand.
ValueRange limited(std::string_view op, ValueRange x, ValueRange limit) {
  if (op == "Relu") return {std::max(0.0, x.low), std::max(0.0, x.high)};
  if (op == "Abs")
    return {x.low <= 0 && x.high >= 0 ? 0 : std::min(std::abs(x.low), std::abs(x.high)),
            x.magnitude()};
  if (op == "Exp") return {std::exp(x.low), std::exp(x.high)};
  if (op == "Sqrt") return {std::sqrt(std::max(0.0, x.low)), std::sqrt(std::max(0.0, x.high))};
  return limit;
}

}  // namespace

ValueRange ValueRanges::of(const Value& value) const {
  const auto found = ranges_.find(&value);
  if (found != ranges_.end()) return found->second;
  return range_of_constant(value).value_or(ValueRange{});
}

void ValueRanges::visit(const Node& node) {
  const std::string_view op = node.op_type();
  const auto operand = [&](size_t slot) {
    return node.input(slot) == nullptr ? ValueRange{} : of(*node.input(slot));
  };
  const auto set = [&](ValueRange range) {
    for (const Value* output : node.outputs())
      if (output != nullptr) ranges_.emplace(output, range);
  };
  if (const auto known = kSaturating.find(op); known != kSaturating.end())
    return set(limited(op, operand(0), known->second));
  if (std::find(std::begin(kPassing), std::end(kPassing), op) != std::end(kPassing)) {
    // Of TopK the second result are positions.
    if (const Value* first = node.output()) ranges_.emplace(first, operand(0));
    if (op == "Split") set(operand(0));
    return;
  }
  if (op == "Add") return set(sum(operand(0), operand(1)));
  if (op == "Sub") return set(sum(operand(0), negative(operand(1))));
  if (op == "Mul") return set(product(operand(0), operand(1)));
  if (op == "Div") return set(product(operand(0), inverse(operand(1))));
  if (op == "Neg") return set(negative(operand(0)));
  if (op == "Clip") {
    ValueRange range = operand(0);
    const double low =
        node.input(1) == nullptr ? node.float_attribute("min", -INFINITY) : operand(1).low;
    const double high =
        node.input(2) == nullptr ? node.float_attribute("max", INFINITY) : operand(2).high;
    return set({std::clamp(range.low, low, std::max(low, high)),
                std::clamp(range.high, low, std::max(low, high))});
  }
  if (op == "Concat" || op == "Max" || op == "Min" || op == "Where") {
    ValueRange range{kInfinity, -kInfinity};
    for (size_t slot = op == "Where" ? 1 : 0; slot < node.input_count(); ++slot)
      range = hull(range, operand(slot));
    if (range.low <= range.high) set(range);
  }
}

ValueRanges ValueRanges::of(const Graph& graph) {
  ValueRanges ranges;
  for (const Node* node = graph.first(); node != nullptr; node = node->next())
    if (node->domain().empty()) ranges.visit(*node);
  return ranges;
}

bool ValueRanges::mixes_ranges(const Node& node) const {
  constexpr double kApart = 8;
  if (!node.is_op("Concat")) return false;
  double least = kInfinity, most = 0;
  for (size_t slot = 0; slot < node.input_count(); ++slot) {
    const Value* value = node.input(slot);
    if (value == nullptr || value->type.element != ElementType::Float) return false;
    if (value->is_constant() || value->producer == nullptr || value->producer->is_op("Constant"))
      continue;
    const double magnitude = of(*value).magnitude();
    most = std::max(most, magnitude);
    if (magnitude > 0) least = std::min(least, magnitude);
  }
  return least < kInfinity && most > kApart * least;
}

}  // namespace acuate
