// Where data of small tensors begins: Shape, Size, Constant, ConstantOfShape, Range.
#include <algorithm>

#include "shape/axes.h"
#include "shape/data_tensor.h"

namespace acuate {
namespace {

constexpr int64_t kMaxElements = 1024;

bool infer_shape(RuleContext& context) {
  const Dims* shape = context.shape(0);
  if (shape == nullptr) {
    context.set(0, ElementType::Int64, Dims{Expr::unknown()});
    return true;
  }
  const auto rank = static_cast<int64_t>(shape->size());
  const auto position = [&](std::string_view name, int64_t fallback) {
    const int64_t value = context.int_attribute(name, fallback);
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  const int64_t start = position("start", 0), end = std::max(start, position("end", rank));
  context.set(0, ElementType::Int64, Dims{end - start});
  context.set_data(0, {{shape->begin() + start, shape->begin() + end}});
  return true;
}

bool infer_size(RuleContext& context) {
  context.set(0, ElementType::Int64, Dims{});
  if (const Dims* shape = context.shape(0)) context.set_data(0, {{product(*shape)}});
  return true;
}

// A TensorProto attribute: its type, and its data where it is small.
std::optional<Tensor> tensor_attribute(RuleContext& context, const Attribute& attribute,
                                       size_t* type_slot) {
  const auto wire = attribute.as_tensor();
  const Model& model = context.node().graph().model();
  auto ref = wire ? parse_tensor(*wire, model.folder()) : Result<TensorRef>(fail("no tensor"));
  if (!ref) return std::nullopt;
  if (type_slot != nullptr)
    context.set(*type_slot, ref->type, Dims(ref->shape.begin(), ref->shape.end()));
  if (ref->size() > kMaxElements) return std::nullopt;
  auto tensor = model.load(*ref);
  return tensor ? std::optional(std::move(*tensor)) : std::nullopt;
}

bool infer_constant(RuleContext& context) {
  size_t slot = 0;
  if (const Attribute* value = context.attribute("value")) {
    if (const auto tensor = tensor_attribute(context, *value, &slot))
      if (auto data = shape_data_of(*tensor)) context.set_data(0, std::move(*data));
    return true;
  }
  const auto list = [&](ElementType element, size_t count) {
    context.set(0, element, Dims{static_cast<int64_t>(count)});
  };
  if (const Attribute* value = context.attribute("value_int"); value && value->as_int()) {
    context.set(0, ElementType::Int64, Dims{});
    context.set_data(0, {{*value->as_int()}});
  } else if (const auto ints = context.ints_attribute("value_ints")) {
    list(ElementType::Int64, ints->size());
    context.set_data(0, {{ints->begin(), ints->end()}});
  } else if (const Attribute* number = context.attribute("value_float");
             number && number->as_float()) {
    if (auto data = shape_data_of(Tensor::of<float>({}, {*number->as_float()})))
      context.set_data(0, std::move(*data));
    context.set(0, ElementType::Float, Dims{});
  } else if (const Attribute* floats = context.attribute("value_floats");
             floats && floats->as_floats()) {
    list(ElementType::Float, floats->as_floats()->size());
  } else if (context.attribute("value_string")) {
    context.set(0, ElementType::String, Dims{});
  } else if (const Attribute* strings = context.attribute("value_strings");
             strings && strings->as_strings()) {
    list(ElementType::String, strings->as_strings()->size());
  } else {
    return false;
  }
  return true;
}

bool infer_constant_of_shape(RuleContext& context) {
  std::optional<Tensor> value;
  ElementType element = ElementType::Float;
  if (const Attribute* attribute = context.attribute("value")) {
    value = tensor_attribute(context, *attribute, nullptr);
    if (!value) return false;
    element = value->type();
  }
  const auto dims = context.integers(0);
  if (!dims) {
    const Dims* shape = context.shape(0);
    if (shape == nullptr || shape->size() != 1 || !(*shape)[0].is_number()) {
      context.set(0, element, std::nullopt);
    } else {
      const auto rank = static_cast<size_t>(*(*shape)[0].as_number());
      if (rank > kMaxElements) return false;
      context.set(0, element, Dims(rank, Expr::unknown()));
    }
    return true;
  }
  Dims out;
  for (const Expr& dim : *dims) {
    if (dim.upper_bound().value_or(0) < 0)
      return context.refuse("a dimension of " + dim.text() + " is asked for");
    out.push_back(dim.lower_bound().value_or(-1) >= 0 ? dim : Expr::unknown());
  }
  const auto count = product(out).as_number();
  context.set(0, element, std::move(out));
  if (!count || *count > kMaxElements) return true;
  std::optional<ShapeData> fill;
  if (!value)
    fill = ShapeData{{0}};
  else
    fill = shape_data_of(*value);
  if (fill && fill->values.size() == 1)
    context.set_data(
        0, {std::vector<Expr>(static_cast<size_t>(*count), fill->values[0]), fill->denominator});
  return true;
}

bool infer_range(RuleContext& context) {
  const ElementType element = context.element(0);
  Expr count = Expr::unknown();
  if (context.data(0) && context.data(1) && context.data(2)) {
    ShapeData start = *context.data(0), limit = *context.data(1), delta = *context.data(2);
    if (start.values.size() != 1 || limit.values.size() != 1 || delta.values.size() != 1)
      return context.refuse("start, limit and delta are scalars");
    if (common_denominator(start, limit) && common_denominator(limit, delta) &&
        common_denominator(start, delta) && delta.values[0].is_number()) {
      const Expr step = delta.values[0];
      if (step.is_number(0)) return context.refuse("delta is 0");
      const Expr span = *step.as_number() > 0 ? limit.values[0] - start.values[0]
                                              : start.values[0] - limit.values[0];
      count = max(ceil_div(span, *step.as_number() > 0 ? step : -step), 0);
      if (const auto n = count.as_number(); n && *n <= kMaxElements) {
        ShapeData data{{}, start.denominator};
        for (int64_t i = 0; i < *n; ++i) data.values.push_back(start.values[0] + step * i);
        context.set_data(0, std::move(data));
      }
    }
  }
  context.set(0, element, Dims{count});
  return true;
}

}  // namespace

void register_shape_shape_data(ShapeFamilyRegistry& registry) {
  registry.add({.id = "shape_data",
                .doc = "Shape, Size, Constant, ConstantOfShape and Range, where data of small "
                       "tensors begins",
                .operators = {{"", "Shape", true, infer_shape},
                              {"", "Size", true, infer_size},
                              {"", "Constant", true, infer_constant},
                              {"", "ConstantOfShape", true, infer_constant_of_shape},
                              {"", "Range", true, infer_range}}});
}

}  // namespace acuate
