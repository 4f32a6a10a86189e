#include "targets/attribute_limit.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace acuate {
namespace {

std::optional<std::vector<double>> numbers_of(const Attribute& attribute) {
  if (const auto value = attribute.as_int()) return std::vector{static_cast<double>(*value)};
  if (const auto value = attribute.as_float()) return std::vector{static_cast<double>(*value)};
  if (const auto values = attribute.as_ints())
    return std::vector<double>(values->begin(), values->end());
  if (const auto values = attribute.as_floats())
    return std::vector<double>(values->begin(), values->end());
  return std::nullopt;
}

// Of a convolution that leaves it to its weights [M, C, kernel…].
std::optional<AttributeValue> kernel_of_weights(const Node& node) {
  if (!node.is_op("Conv") && !node.is_op("ConvTranspose")) return std::nullopt;
  const Value* weight = node.input(1);
  if (weight == nullptr) return std::nullopt;
  const auto shape =
      weight->initializer ? std::optional(weight->initializer->shape) : weight->type.static_shape();
  if (!shape || shape->size() < 3) return std::nullopt;
  AttributeValue value{fmt::format("[{}]", fmt::join(shape->begin() + 2, shape->end(), ", ")), {}};
  value.numbers.emplace(shape->begin() + 2, shape->end());
  return value;
}

}  // namespace

std::string AttributeLimit::text() const {
  if (last_axis)
    return fmt::format("{}the last axis", allowed.empty() ? "" : join(allowed, " or ") + " or ");
  if (!allowed.empty()) return join(allowed, " or ");
  if (min && max) return fmt::format("from {} to {}", *min, *max);
  return min ? fmt::format("at least {}", *min) : fmt::format("at most {}", max.value_or(0));
}

std::optional<AttributeValue> attribute_value(const Node& node, const std::string& name) {
  const Attribute* attribute = node.attribute(name);
  if (attribute == nullptr)
    return name == "kernel_shape" ? kernel_of_weights(node) : std::optional<AttributeValue>();
  const auto text = attribute->as_string();
  return AttributeValue{to_valid_utf8(text ? std::string(*text) : attribute->value_text()),
                        numbers_of(*attribute)};
}

bool is_within(const AttributeLimit& limit, const AttributeValue& value,
               std::optional<size_t> rank) {
  if (limit.last_axis && value.numbers && value.numbers->size() == 1) {
    const double axis = value.numbers->front();
    if (axis == -1 || (rank && axis == static_cast<double>(*rank) - 1)) return true;
  }
  if (limit.last_axis || !limit.allowed.empty())
    return std::find(limit.allowed.begin(), limit.allowed.end(), value.text) != limit.allowed.end();
  // A range says nothing of what is no number: it is not within.
  return value.numbers && std::all_of(value.numbers->begin(), value.numbers->end(), [&](double x) {
           return !(limit.min && x < *limit.min) && !(limit.max && x > *limit.max);
         });
}

}  // namespace acuate
