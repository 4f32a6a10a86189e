#include "numeric/value_range.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

#include "graph/constants.h"

namespace acuate {
namespace {

constexpr double kInfinity = ValueRange::kUnbounded;
using Range = std::optional<ValueRange>;

// Bounds that hold whatever the operand.
const std::map<std::string_view, ValueRange>& saturating() {
  static const std::map<std::string_view, ValueRange> all = {
      {"Sigmoid", {0, 1}},
      {"HardSigmoid", {0, 1}},
      {"Softmax", {0, 1, true}},
      {"Tanh", {-1, 1}},
      {"Softsign", {-1, 1}},
      {"Erf", {-1, 1}},
      {"Sin", {-1, 1}},
      {"Cos", {-1, 1}},
      {"Softplus", {0, kInfinity}},
      {"LogSoftmax", {-kInfinity, 0}},
  };
  return all;
}

// Growing functions of one operand, by the ends of its range, which may be infinite.
const std::map<std::string_view, double (*)(double)>& growing() {
  static const std::map<std::string_view, double (*)(double)> all = {
      {"Relu", [](double x) { return std::max(x, 0.0); }},
      {"Exp", [](double x) { return std::exp(x); }},
      {"Log", [](double x) { return std::log(std::max(x, 0.0)); }},
      {"Sqrt", [](double x) { return std::sqrt(std::max(x, 0.0)); }},
      {"Floor", [](double x) { return std::floor(x); }},
      {"Ceil", [](double x) { return std::ceil(x); }},
      {"Round", [](double x) { return std::nearbyint(x); }},
  };
  return all;
}

// Results are operands elsewhere, all or some.
constexpr std::string_view kMoves[] = {
    "Identity", "Reshape",      "Transpose",    "Squeeze",        "Unsqueeze", "Flatten",
    "Slice",    "Split",        "Gather",       "GatherElements", "GatherND",  "Expand",
    "Tile",     "Dropout",      "MaxPool",      "GlobalMaxPool",  "ReduceMax", "ReduceMin",
    "TopK",     "DepthToSpace", "SpaceToDepth", "Upsample"};
// Means of operands: within, and rearranged sums of one no more.
constexpr std::string_view kMeans[] = {"GlobalAveragePool", "ReduceMean"};
// A distribution stays one where every value is kept.
constexpr std::string_view kRearranges[] = {"Identity",  "Reshape", "Transpose", "Squeeze",
                                            "Unsqueeze", "Flatten", "Dropout"};

template <class List>
bool contains(const List& list, std::string_view item) {
  return std::find(std::begin(list), std::end(list), item) != std::end(list);
}

// Values are finite: 0 times unbounded is 0, and what is divided by the unbounded comes near 0.
double product(double x, double y) { return x == 0 || y == 0 ? 0 : x * y; }
double quotient(double x, double y) { return std::isinf(y) ? 0 : x / y; }

ValueRange of_corners(const ValueRange& a, const ValueRange& b, double (*apply)(double, double)) {
  const auto [low, high] = std::minmax(
      {apply(a.low, b.low), apply(a.low, b.high), apply(a.high, b.low), apply(a.high, b.high)});
  return {low, high};
}

Range of_two(std::string_view op, const ValueRange& a, const ValueRange& b) {
  if (op == "Add") return ValueRange{a.low + b.low, a.high + b.high};
  if (op == "Sub") return ValueRange{a.low - b.high, a.high - b.low};
  if (op == "Mul") return of_corners(a, b, product);
  if (op == "Div" && (b.low > 0 || b.high < 0)) return of_corners(a, b, quotient);
  if (op == "Pow" && b.low == b.high && b.low > 0 && (a.low >= 0 || b.low == 2)) {
    const double low = a.low >= 0 ? std::pow(a.low, b.low) : 0;
    return ValueRange{low, std::max(std::pow(std::abs(a.low), b.low), std::pow(a.high, b.low))};
  }
  return {};
}

class Ranges {
 public:
  explicit Ranges(const Graph& graph) : graph_(graph) {}

  std::unordered_map<const Value*, ValueRange> run() {
    for (const Node* node = graph_.first(); node != nullptr; node = node->next()) {
      if (!node->domain().empty() || node->is_op("Constant")) continue;
      const Range range = range_of(*node);
      // Neither unbounded on both sides, nor not a number, nor beyond all numbers.
      if (!range || !(range->low < kInfinity) || !(range->high > -kInfinity) ||
          (range->low == -kInfinity && range->high == kInfinity))
        continue;
      // Of several results the first has the values; TopK's second are positions.
      const size_t count = node->is_op("Split") ? node->outputs().size() : 1;
      for (size_t slot = 0; slot < count && slot < node->outputs().size(); ++slot)
        if (node->output(slot) != nullptr) known_.emplace(node->output(slot), *range);
    }
    return std::move(known_);
  }

 private:
  Range range_of(const Node& node) {
    const std::string_view op = node.op_type();
    if (const auto found = saturating().find(op); found != saturating().end()) return found->second;
    if (op == "Clip") return clip(node);
    if (op == "Conv" || op == "MatMul" || op == "Gemm") return mean_of_constants(node);
    if (op == "Concat" || op == "Max" || op == "Min" || op == "Sum") return of_several(node, 0);
    if (op == "Where") return of_several(node, 1);
    if (op == "Add" || op == "Sub" || op == "Mul" || op == "Div" || op == "Pow") {
      if (!is_known(node, 0) || !is_known(node, 1)) return {};
      const Range a = operand(node, 0), b = operand(node, 1);
      return a && b ? of_two(op, *a, *b) : Range();
    }
    return of_one(node, operand(node, 0));
  }

  static Range of_one(const Node& node, const Range& a) {
    const std::string_view op = node.op_type();
    if (op == "Abs") {
      if (!a) return ValueRange{0, kInfinity};
      const double low = a->low > 0 ? a->low : a->high < 0 ? -a->high : 0;
      return ValueRange{low, std::max(std::abs(a->low), std::abs(a->high))};
    }
    if (const auto found = growing().find(op); found != growing().end()) {
      const ValueRange x = a.value_or(ValueRange{});
      return ValueRange{found->second(x.low), found->second(x.high)};
    }
    if (!a) return {};
    if (contains(kMoves, op))
      return ValueRange{a->low, a->high, a->is_distribution && contains(kRearranges, op)};
    if (contains(kMeans, op)) return ValueRange{a->low, a->high};
    if (op == "Resize" && node.string_attribute("mode", "nearest") != "cubic")
      return ValueRange{a->low, a->high};
    if (op == "Neg") return ValueRange{-a->high, -a->low};
    if (op == "Cast") return cast(node, *a);
    return {};
  }

  static Range cast(const Node& node, const ValueRange& a) {
    const ElementType to = static_cast<ElementType>(node.int_attribute("to", 0));
    if (is_floating_point(to)) return ValueRange{a.low, a.high};
    if (to != ElementType::Int32 && to != ElementType::Int64) return {};
    return ValueRange{std::trunc(a.low), std::trunc(a.high)};
  }

  Range of_several(const Node& node, size_t first) {
    const std::string_view op = node.op_type();
    for (size_t slot = first; slot < node.input_count(); ++slot)
      if (!is_known(node, slot)) return {};
    Range all;
    for (size_t slot = first; slot < node.input_count(); ++slot) {
      const Range next = operand(node, slot);
      if (!next) return {};
      if (!all) {
        all = ValueRange{next->low, next->high};
      } else if (op == "Sum") {
        all->low += next->low;
        all->high += next->high;
      } else {
        all->low = op == "Max" ? std::max(all->low, next->low) : std::min(all->low, next->low);
        all->high = op == "Min" ? std::min(all->high, next->high) : std::max(all->high, next->high);
      }
    }
    return all;
  }

  Range clip(const Node& node) {
    const auto bound = [&](size_t slot, const char* attribute, double otherwise) {
      if (const Attribute* given = node.attribute(attribute); given != nullptr)
        return static_cast<double>(given->as_float().value_or(static_cast<float>(otherwise)));
      const Value* value = node.input(slot);
      const Range range = value != nullptr ? constant(*value) : Range();
      return range ? range->low : otherwise;
    };
    const ValueRange a = operand(node, 0).value_or(ValueRange{});
    const double low = bound(1, "min", -kInfinity), high = bound(2, "max", kInfinity);
    const auto within = [&](double x) { return std::min(std::max(x, low), high); };
    return ValueRange{within(a.low), within(a.high)};
  }

  // Of weights that a distribution averages.
  Range mean_of_constants(const Node& node) {
    const Value* data = node.input(0);
    const auto found = data != nullptr ? known_.find(data) : known_.end();
    if (found == known_.end() || !found->second.is_distribution || node.input(2) != nullptr ||
        node.input(1) == nullptr)
      return {};
    return constant(*node.input(1));
  }

  // Whether there may be a range; reads no constant for it.
  bool is_known(const Node& node, size_t slot) const {
    const Value* value = node.input(slot);
    return value != nullptr && (known_.count(value) > 0 || is_constant(*value));
  }

  Range operand(const Node& node, size_t slot) {
    const Value* value = node.input(slot);
    if (value == nullptr) return {};
    const auto found = known_.find(value);
    return found != known_.end() ? Range(found->second) : constant(*value);
  }

  Range constant(const Value& value) {
    if (!is_constant(value)) return {};
    const auto [at, is_new] = constants_.try_emplace(&value);
    if (!is_new) return at->second;
    const auto tensor = load_constant(graph_.model(), value);
    const auto found = tensor ? extremes(*tensor) : std::nullopt;
    if (found && found->finite > 0 && found->nans + found->infinities == 0)
      at->second = ValueRange{found->low, found->high};
    return at->second;
  }

  const Graph& graph_;
  std::unordered_map<const Value*, ValueRange> known_;
  std::unordered_map<const Value*, Range> constants_;
};

}  // namespace

ValueRange ValueRanges::of(const Value& value) const {
  const auto found = ranges_.find(&value);
  return found == ranges_.end() ? ValueRange{} : found->second;
}

ValueRanges ValueRanges::of(const Graph& graph) {
  ValueRanges ranges;
  ranges.ranges_ = Ranges(graph).run();
  return ranges;
}

}  // namespace acuate
