#include "quantize/gradient.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace acuate {

GradientContext::GradientContext(Node& node, ShapeInference& shapes, std::vector<Value*> gradients,
                                 std::vector<bool> wanted)
    : GraphWriter(node.graph(), nullptr, "gradient_of_" + std::string(node.name()),
                  ElementType::Float),
      node_(node),
      constants_{&shapes, nullptr},
      gradients_(std::move(gradients)),
      wanted_(std::move(wanted)),
      given_(node.input_count(), nullptr) {}

Shape GradientContext::shape(const Value* value) {
  auto known = known_shape(value);
  ACUATE_CHECK(known.has_value(), "a node whose tensors have static shapes");
  return std::move(*known);
}

Value* GradientContext::sum_to(Value* x, const Shape& from, const Shape& to) {
  if (from == to) return x;
  std::vector<int64_t> axes;
  const size_t added = from.size() - to.size();
  for (size_t i = 0; i < from.size(); ++i)
    if (i < added || (to[i - added] == 1 && from[i] != 1)) axes.push_back(static_cast<int64_t>(i));
  Value* result = axes.empty() ? x : sum(x, axes);
  return added > 0 ? reshape(result, to) : result;
}

Value* GradientContext::pad(Value* x, const std::vector<int64_t>& begins,
                            const std::vector<int64_t>& ends) {
  std::vector<int64_t> counts = begins;
  counts.insert(counts.end(), ends.begin(), ends.end());
  if (std::all_of(counts.begin(), counts.end(), [](int64_t n) { return n == 0; })) return x;
  return add("Pad", {x, ints(counts)});
}

Value* GradientContext::spread(Value* x, const Shape& shape, const std::vector<int64_t>& spread) {
  Shape apart, joined;
  std::vector<int64_t> ends;
  for (size_t i = 0; i < shape.size(); ++i) {
    apart.push_back(shape[i]);
    ends.push_back(0);
    joined.push_back(shape[i] * spread[i]);
    if (spread[i] == 1) continue;
    apart.push_back(1);
    ends.push_back(spread[i] - 1);
  }
  if (joined == shape) return x;
  return reshape(pad(reshape(x, apart), std::vector<int64_t>(ends.size(), 0), ends), joined);
}

Value* GradientContext::scatter(const Shape& shape, int64_t axis, Value* indices, Value* updates,
                                bool repeats) {
  if (repeats && opset_ < 16) return nullptr;
  Settings settings{{"axis", axis}};
  if (repeats) settings.emplace_back("reduction", std::string_view("add"));
  return add("ScatterElements", {expand(number(0), shape), indices, updates}, settings);
}

const GradientRegistry& gradient_families() {
  static const GradientRegistry registry = [] {
    GradientRegistry all;
    register_all_gradients(all);
    return all;
  }();
  return registry;
}

GradientRule find_gradient_rule(const Node& node) {
  static const std::unordered_map<std::string_view, GradientRule> rules = [] {
    std::unordered_map<std::string_view, GradientRule> all;
    for (const GradientFamily& family : gradient_families().all())
      for (const OperatorGradient& entry : family.operators)
        ACUATE_CHECK(all.emplace(entry.op_type, entry.rule).second,
                     "two gradient rules of " + std::string(entry.op_type));
    return all;
  }();
  if (!node.domain().empty()) return nullptr;
  const auto found = rules.find(node.op_type());
  return found == rules.end() ? nullptr : found->second;
}

}  // namespace acuate
