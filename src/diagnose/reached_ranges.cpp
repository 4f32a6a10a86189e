#include "diagnose/reached_ranges.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <string_view>

#include "diagnose/constants.h"

namespace acuate {
namespace {

using Range = std::optional<ReachedRange>;

// Bounds that hold whatever the operand.
const std::map<std::string_view, ReachedRange>& bounded() {
  static const std::map<std::string_view, ReachedRange> all = {
      {"Sigmoid", {0, 1, false}}, {"HardSigmoid", {0, 1, false}}, {"Softmax", {0, 1, true}},
      {"Tanh", {-1, 1, false}},   {"Softsign", {-1, 1, false}},   {"Erf", {-1, 1, false}},
      {"Sin", {-1, 1, false}},    {"Cos", {-1, 1, false}},
  };
  return all;
}

// Growing functions of one operand, by the ends of its range.
const std::map<std::string_view, double (*)(double)>& growing() {
  static const std::map<std::string_view, double (*)(double)> all = {
      {"Relu", [](double x) { return std::max(x, 0.0); }},
      {"Exp", [](double x) { return std::exp(x); }},
      {"Log", [](double x) { return std::log(x); }},
      {"Sqrt", [](double x) { return std::sqrt(x); }},
      {"Floor", [](double x) { return std::floor(x); }},
      {"Ceil", [](double x) { return std::ceil(x); }},
      {"Round", [](double x) { return std::nearbyint(x); }},
      {"Cast", [](double x) { return x; }},
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

class Ranges {
 public:
  explicit Ranges(const Model& model) : model_(model) {}

  ReachedRanges run() {
    for (const Node* node = model_.graph().first(); node != nullptr; node = node->next()) {
      if (!node->domain().empty() || node->is_op("Constant")) continue;
      const Range range = range_of(*node);
      if (!range || !std::isfinite(range->low) || !std::isfinite(range->high)) continue;
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
    if (const auto found = bounded().find(op); found != bounded().end()) return found->second;
    if (op == "Clip") return clip(node);
    if (op == "Conv" || op == "MatMul" || op == "Gemm") return mean_of_constants(node);
    const Range a = operand(node, 0);
    if (!a) return {};
    if (contains(kMoves, op))
      return ReachedRange{a->low, a->high, a->is_distribution && contains(kRearranges, op)};
    if (contains(kMeans, op)) return ReachedRange{a->low, a->high, false};
    if (op == "Resize") {
      const bool is_cubic = node.string_attribute("mode", "nearest") == "cubic";
      return is_cubic ? Range() : ReachedRange{a->low, a->high, false};
    }
    if (const auto found = growing().find(op); found != growing().end())
      return ReachedRange{found->second(a->low), found->second(a->high), false};
    if (op == "Neg") return ReachedRange{-a->high, -a->low, false};
    if (op == "Abs")
      return ReachedRange{a->low > 0    ? a->low
                          : a->high < 0 ? -a->high
                                        : 0,
                          std::max(std::abs(a->low), std::abs(a->high)), false};
    if (op == "Concat" || op == "Max" || op == "Min" || op == "Sum") return of_several(node, *a);
    const Range b = operand(node, 1);
    return b ? of_two(op, *a, *b) : Range();
  }

  static Range of_two(std::string_view op, const ReachedRange& a, const ReachedRange& b) {
    if (op == "Add") return ReachedRange{a.low + b.low, a.high + b.high, false};
    if (op == "Sub") return ReachedRange{a.low - b.high, a.high - b.low, false};
    if (op == "Mul") return of_corners(a, b, [](double x, double y) { return x * y; });
    if (op == "Div" && (b.low > 0 || b.high < 0))
      return of_corners(a, b, [](double x, double y) { return x / y; });
    if (op == "Pow" && b.low == b.high && b.low > 0 && (a.low >= 0 || b.low == 2)) {
      const double low = a.low >= 0 ? std::pow(a.low, b.low) : 0;
      return ReachedRange{low, std::max(std::pow(std::abs(a.low), b.low), std::pow(a.high, b.low)),
                          false};
    }
    return {};
  }

  static ReachedRange of_corners(const ReachedRange& a, const ReachedRange& b,
                                 double (*apply)(double, double)) {
    const auto [low, high] = std::minmax(
        {apply(a.low, b.low), apply(a.low, b.high), apply(a.high, b.low), apply(a.high, b.high)});
    return {low, high, false};
  }

  Range of_several(const Node& node, ReachedRange all) {
    const std::string_view op = node.op_type();
    all.is_distribution = false;
    for (size_t slot = 1; slot < node.input_count(); ++slot) {
      const Range next = operand(node, slot);
      if (!next) return {};
      if (op == "Sum") {
        all.low += next->low;
        all.high += next->high;
      } else {
        all.low = op == "Max" ? std::max(all.low, next->low) : std::min(all.low, next->low);
        all.high = op == "Min" ? std::min(all.high, next->high) : std::max(all.high, next->high);
      }
    }
    return all;
  }

  Range clip(const Node& node) {
    const auto bound = [&](size_t slot, const char* attribute) -> std::optional<double> {
      if (const Attribute* given = node.attribute(attribute); given != nullptr)
        return given->as_float();
      const Value* value = node.input(slot);
      const Range range = value != nullptr ? constant(*value) : Range();
      return range ? std::optional(range->low) : std::nullopt;
    };
    const Range a = operand(node, 0);
    const auto low = bound(1, "min"), high = bound(2, "max");
    if ((!low || !high) && !a) return {};
    return ReachedRange{a ? std::max(a->low, low.value_or(a->low)) : *low,
                        a ? std::min(a->high, high.value_or(a->high)) : *high, false};
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

  Range operand(const Node& node, size_t slot) {
    const Value* value = node.input(slot);
    if (value == nullptr) return {};
    const auto found = known_.find(value);
    return found != known_.end() ? Range(found->second) : constant(*value);
  }

  Range constant(const Value& value) {
    if (!value.is_constant() && (value.producer == nullptr || !value.producer->is_op("Constant")))
      return {};
    const auto [at, is_new] = constants_.try_emplace(&value);
    if (!is_new) return at->second;
    const auto tensor = load_constant(model_, value);
    const auto found = tensor ? extremes(*tensor) : std::nullopt;
    if (found && found->finite > 0 && found->nans + found->infinities == 0)
      at->second = ReachedRange{found->low, found->high, false};
    return at->second;
  }

  const Model& model_;
  ReachedRanges known_;
  std::unordered_map<const Value*, Range> constants_;
};

}  // namespace

ReachedRanges reached_ranges(const Model& model) { return Ranges(model).run(); }

}  // namespace acuate
