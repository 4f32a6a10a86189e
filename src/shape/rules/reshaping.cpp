// Operators that keep all elements in order under another shape, and Transpose and Expand.
#include <algorithm>

#include <fmt/format.h>

#include "shape/axes.h"
#include "shape/data_tensor.h"

namespace acuate {
namespace {

constexpr int64_t kMaxRank = 1024;

void keep_data(RuleContext& context) {
  if (const ShapeData* data = context.data(0)) context.set_data(0, *data);
}

// Rank from the length of the tensor that holds a shape; dimensions unknown.
std::optional<Dims> unknown_of_length(RuleContext& context, size_t slot) {
  const Dims* shape = context.shape(slot);
  if (shape == nullptr || shape->size() != 1) return std::nullopt;
  const auto rank = (*shape)[0].as_number();
  if (!rank || *rank < 0 || *rank > kMaxRank) return std::nullopt;
  return Dims(static_cast<size_t>(*rank), Expr::unknown());
}

bool infer_reshape(RuleContext& context) {
  const ElementType element = context.element(0);
  std::optional<std::vector<Expr>> target;
  if (context.opset() < 5) {
    if (const auto shape = context.ints_attribute("shape"))
      target.emplace(shape->begin(), shape->end());
  } else {
    target = context.integers(1);
  }
  if (!target) {
    context.set(0, element, unknown_of_length(context, 1));
    keep_data(context);
    return true;
  }
  const Dims* input = context.shape(0);
  const bool zero_copies = context.int_attribute("allowzero", 0) == 0;
  Dims out;
  Expr known = 1;
  std::optional<size_t> open;  // what the number of elements decides
  bool one_is_open = true;
  for (size_t i = 0; i < target->size(); ++i) {
    const Expr dim = (*target)[i];
    if (dim.is_number(0) && zero_copies) {
      if (input != nullptr && i >= input->size())
        return context.refuse(
            fmt::format("dimension {} of the new shape is 0, a copy, but the input has rank {}", i,
                        input->size()));
      out.push_back(input ? (*input)[i] : Expr::unknown());
    } else if (dim.lower_bound().value_or(-1) >= 0) {
      // One that is computed is taken to be no 0, which would mean a copy: nobody computes that.
      out.push_back(dim);
    } else if (dim.is_number() && *dim.as_number() < -1) {
      return context.refuse(fmt::format("dimension {} of the new shape is {}", i, dim.text()));
    } else {  // −1, or an element that may be
      one_is_open &= !open;
      open = i;
      out.push_back(Expr::unknown());
      continue;
    }
    known = known * out.back();
  }
  if (input != nullptr) {
    const Expr total = product(*input);
    if (open && one_is_open) {
      out[*open] = floor_div(total, known);
      const Expr rest = mod(total, known);
      if (rest.is_number() && !rest.is_number(0))
        return context.refuse(
            fmt::format("{} elements do not divide into {}", total.text(), known.text()));
    } else if (!open && is_false(same(total, known))) {
      return context.refuse(
          fmt::format("the new shape has {} elements, the input {}", known.text(), total.text()));
    }
  }
  context.set(0, element, std::move(out));
  keep_data(context);
  return true;
}

// Axes from the attribute, or from the input since opset 13. Nothing: not given, or not known.
struct Axes {
  std::optional<std::vector<int64_t>> values;
  bool is_given = false;
};
Axes axes_argument(RuleContext& context) {
  if (context.opset() < 13) {
    auto values = context.ints_attribute("axes");
    return {values, values.has_value()};
  }
  return {context.numbers(1), context.has_input(1)};
}

bool infer_squeeze(RuleContext& context) {
  const ElementType element = context.element(0);
  const Dims* input = context.shape(0);
  const Axes axes = axes_argument(context);
  keep_data(context);
  context.set(0, element, std::nullopt);
  if (input == nullptr) return true;
  Dims out;
  if (axes.values) {
    const auto removed = axes_of(context, *axes.values, input->size());
    if (!removed) return false;
    for (size_t i = 0; i < input->size(); ++i) {
      if (!std::binary_search(removed->begin(), removed->end(), i))
        out.push_back((*input)[i]);
      else if (is_false(same((*input)[i], 1)))
        return context.refuse(
            fmt::format("axis {} to be squeezed has size {}", i, (*input)[i].text()));
    }
    context.set(0, element, std::move(out));
    return true;
  }
  if (axes.is_given) {  // how many is known at best
    const auto count = unknown_of_length(context, 1);
    if (count && count->size() <= input->size())
      context.set(0, element, Dims(input->size() - count->size(), Expr::unknown()));
    return true;
  }
  for (const Expr& dim : *input) {
    const auto is_one = same(dim, 1);
    if (!is_one) return true;  // the rank depends on it
    if (!*is_one) out.push_back(dim);
  }
  context.set(0, element, std::move(out));
  return true;
}

bool infer_unsqueeze(RuleContext& context) {
  const ElementType element = context.element(0);
  const Dims* input = context.shape(0);
  const Axes axes = axes_argument(context);
  keep_data(context);
  context.set(0, element, std::nullopt);
  if (input == nullptr) return true;
  if (!axes.values) {
    if (const auto count = unknown_of_length(context, 1))
      context.set(0, element, Dims(input->size() + count->size(), Expr::unknown()));
    return true;
  }
  if (axes.values->size() > static_cast<size_t>(kMaxRank)) return context.refuse("too many axes");
  const size_t rank = input->size() + axes.values->size();
  const auto added = axes_of(context, *axes.values, rank);
  if (!added) return false;
  Dims out;
  for (size_t i = 0, next = 0; i < rank; ++i)
    out.push_back(std::binary_search(added->begin(), added->end(), i) ? Expr(1) : (*input)[next++]);
  context.set(0, element, std::move(out));
  return true;
}

bool infer_flatten(RuleContext& context) {
  const Dims* input = context.shape(0);
  keep_data(context);
  if (input == nullptr) {
    context.set(0, context.element(0), Dims{Expr::unknown(), Expr::unknown()});
    return true;
  }
  const auto rank = static_cast<int64_t>(input->size());
  const int64_t axis = context.int_attribute("axis", 1);
  if (axis < -rank || axis > rank)
    return context.refuse(fmt::format("axis {} lies outside of rank {}", axis, rank));
  const auto split = static_cast<size_t>(axis < 0 ? axis + rank : axis);
  const std::span<const Expr> dims(*input);
  context.set(0, context.element(0),
              Dims{product(dims.first(split)), product(dims.subspan(split))});
  return true;
}

bool infer_transpose(RuleContext& context) {
  const Dims* input = context.shape(0);
  const auto given = context.ints_attribute("perm");
  if (input == nullptr) {
    context.set(0, context.element(0),
                given ? std::optional(Dims(given->size(), Expr::unknown())) : std::nullopt);
    return true;
  }
  std::vector<size_t> permutation;
  if (given) {
    if (given->size() != input->size())
      return context.refuse(
          fmt::format("perm has {} axes, the input {}", given->size(), input->size()));
    if (!axes_of(context, *given, input->size())) return false;
    for (const int64_t axis : *given)
      permutation.push_back(
          static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(input->size()) : axis));
  } else {
    for (size_t i = input->size(); i-- > 0;) permutation.push_back(i);
  }
  Dims out;
  for (const size_t axis : permutation) out.push_back((*input)[axis]);
  const auto data = data_tensor(context, 0);
  context.set(0, context.element(0), std::move(out));
  if (data) context.set_data(0, transposed(*data, permutation).data);
  return true;
}

bool infer_expand(RuleContext& context) {
  const ElementType element = context.element(0);
  const Dims* input = context.shape(0);
  const auto target = context.integers(1);
  if (!target) {
    auto dims = unknown_of_length(context, 1);
    if (input == nullptr) dims.reset();
    // Axes in front of those of the target shape stay as they are, and so do those that are not 1.
    while (dims && dims->size() < input->size())
      dims->insert(dims->begin(), (*input)[input->size() - dims->size() - 1]);
    for (size_t i = 0; dims && i < input->size(); ++i)
      if (const Expr dim = (*input)[i]; dim.lower_bound().value_or(0) > 1)
        (*dims)[dims->size() - input->size() + i] = dim;
    context.set(0, element, std::move(dims));
    return true;
  }
  Dims dims;
  for (const Expr& dim : *target)
    dims.push_back(dim.lower_bound().value_or(-1) >= 0 ? dim : Expr::unknown());
  if (input == nullptr) {
    context.set(0, element, std::nullopt);
    return true;
  }
  const auto out = broadcast_dims(context, *input, dims);
  if (!out) return false;
  const auto data = data_tensor(context, 0);
  context.set(0, element, *out);
  const auto count = product(*out).as_number();
  if (!data || !count || *count > kMaxRank) return true;
  Shape shape;
  for (const Expr& dim : *out) shape.push_back(*dim.as_number());
  ShapeData filled{{}, data->data.denominator};
  for (const size_t position : broadcast_positions(data->shape, shape))
    filled.values.push_back(data->data.values[position]);
  context.set_data(0, std::move(filled));
  return true;
}

}  // namespace

void register_shape_reshaping(ShapeFamilyRegistry& registry) {
  registry.add({.id = "reshaping",
                .doc = "Reshape, Squeeze, Unsqueeze, Flatten, Transpose and Expand",
                .operators = {{"", "Reshape", true, infer_reshape},
                              {"", "Squeeze", true, infer_squeeze},
                              {"", "Unsqueeze", true, infer_unsqueeze},
                              {"", "Flatten", true, infer_flatten},
                              {"", "Transpose", true, infer_transpose},
                              {"", "Expand", true, infer_expand}}});
}

}  // namespace acuate
