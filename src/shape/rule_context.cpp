#include <unordered_map>

#include <fmt/format.h>

#include "base/text.h"
#include "shape/engine.h"

namespace acuate {
namespace {
constexpr int64_t kMaxElements = 1024;
}

ExprPool& RuleContext::pool() const { return engine_.pool(); }
int64_t RuleContext::opset() const { return engine_.opset(node_.domain()); }

const SymbolicType* RuleContext::type(size_t slot) const {
  const Value* value = node_.input(slot);
  return value != nullptr ? engine_.type(*value) : nullptr;
}

ElementType RuleContext::element(size_t slot) const {
  const SymbolicType* known = type(slot);
  return known != nullptr ? known->element : ElementType::Undefined;
}

const Dims* RuleContext::shape(size_t slot) const {
  const SymbolicType* known = type(slot);
  return known != nullptr && known->is_tensor() && known->shape ? &*known->shape : nullptr;
}

const ShapeData* RuleContext::data(size_t slot) const {
  const Value* value = node_.input(slot);
  return value != nullptr ? engine_.data(*value) : nullptr;
}

std::optional<std::vector<Expr>> RuleContext::integers(size_t slot) const {
  const ShapeData* known = data(slot);
  return known != nullptr && known->denominator == 1 ? std::optional(known->values) : std::nullopt;
}

std::optional<std::vector<int64_t>> RuleContext::numbers(size_t slot) const {
  const auto values = integers(slot);
  if (!values) return std::nullopt;
  std::vector<int64_t> out;
  for (const Expr& value : *values) {
    if (!value.is_number()) return std::nullopt;
    out.push_back(*value.as_number());
  }
  return out;
}

std::optional<Tensor> RuleContext::constant(size_t slot) const {
  const Value* value = node_.input(slot);
  if (value == nullptr) return std::nullopt;
  std::optional<TensorRef> ref;
  if (value->is_constant()) {
    ref = value->initializer;
  } else if (value->producer != nullptr && value->producer->is_op("Constant")) {
    const Attribute* attribute = value->producer->attribute("value");
    const auto wire = attribute ? attribute->as_tensor() : std::nullopt;
    auto parsed =
        wire ? parse_tensor(*wire, engine_.model().folder()) : Result<TensorRef>(fail("no tensor"));
    if (parsed) ref = std::move(*parsed);
  }
  if (!ref || ref->size() > kMaxElements) return std::nullopt;
  auto tensor = engine_.model().load(*ref);
  return tensor ? std::optional(std::move(*tensor)) : std::nullopt;
}

const Attribute* RuleContext::attribute(std::string_view name) const {
  const Attribute* found = node_.attribute(name);
  const FunctionCall* call = engine_.call();
  while (found != nullptr && !found->ref_attr_name.empty() && call != nullptr) {
    found = call->node->attribute(found->ref_attr_name);
    call = call->caller;
  }
  return found;
}

int64_t RuleContext::int_attribute(std::string_view name, int64_t fallback) const {
  const Attribute* found = attribute(name);
  return found ? found->as_int().value_or(fallback) : fallback;
}
float RuleContext::float_attribute(std::string_view name, float fallback) const {
  const Attribute* found = attribute(name);
  return found ? found->as_float().value_or(fallback) : fallback;
}
std::string RuleContext::string_attribute(std::string_view name, std::string_view fallback) const {
  const Attribute* found = attribute(name);
  return std::string(found ? found->as_string().value_or(fallback) : fallback);
}
std::optional<std::vector<int64_t>> RuleContext::ints_attribute(std::string_view name) const {
  const Attribute* found = attribute(name);
  return found ? found->as_ints() : std::nullopt;
}

void RuleContext::set_type(size_t slot, SymbolicType type) {
  const Value* value = node_.output(slot);
  if (value == nullptr) return;
  engine_.name_unknown(*value, type);
  types_[slot] = std::move(type);
}

void RuleContext::set(size_t slot, ElementType element, std::optional<Dims> shape) {
  set_type(slot, SymbolicType::tensor(element, std::move(shape)));
}

void RuleContext::set_data(size_t slot, ShapeData data) {
  const Value* value = node_.output(slot);
  if (value == nullptr || data.values.size() > static_cast<size_t>(kMaxElements)) return;
  engine_.name_unknown(*value, data);
  data_[slot] = std::move(data);
}

bool RuleContext::refuse(std::string why) {
  std::string inputs;
  for (size_t slot = 0; slot < node_.input_count(); ++slot)
    if (has_input(slot)) inputs += (inputs.empty() ? "" : ", ") + describe(slot);
  engine_.add_issue(node_, "",
                    fmt::format("{} '{}': {}; inputs: {}", to_valid_utf8(node_.op_type()),
                                node_.address(), why, inputs.empty() ? "none" : inputs));
  refused_ = true;
  return false;
}

std::optional<RuleContext::Body> RuleContext::infer_body(
    std::string_view name, std::span<const SymbolicType> inputs) const {
  const Attribute* found = node_.attribute(name);
  if (found == nullptr || found->graphs.empty()) return std::nullopt;
  return Body{engine_.infer_body(*found->graphs[0], inputs)};
}

std::string RuleContext::describe(size_t slot) const {
  return has_input(slot) ? engine_.describe(*node_.input(slot)) : "nothing";
}

// --- which rule serves which operator ------------------------------------------------------------

const ShapeFamilyRegistry& shape_families() {
  static const ShapeFamilyRegistry registry = [] {
    ShapeFamilyRegistry all;
    register_all_rules(all);
    return all;
  }();
  return registry;
}

const OperatorRule* find_rule(std::string_view domain, std::string_view op_type) {
  using Rules = std::unordered_map<std::string_view, const OperatorRule*>;
  static const std::unordered_map<std::string_view, Rules> kRules = [] {
    std::unordered_map<std::string_view, Rules> all;
    for (const ShapeFamily& family : shape_families().all())
      for (const OperatorRule& rule : family.operators)
        ACUATE_CHECK(all[rule.domain].emplace(rule.op_type, &rule).second,
                     "two families of rules serve " + rule.op_type);
    return all;
  }();
  const auto rules = kRules.find(domain == "ai.onnx" ? "" : domain);
  if (rules == kRules.end()) return nullptr;
  const auto found = rules->second.find(op_type);
  return found == rules->second.end() ? nullptr : found->second;
}

}  // namespace acuate
