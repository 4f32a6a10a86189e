// Operators that pick, join, cut and repeat: Gather, Concat, Slice, Split, Tile, Pad and their kin.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "shape/axes.h"
#include "shape/data_tensor.h"

namespace acuate {
namespace {

constexpr int64_t kMaxElements = 1024;
constexpr int64_t kToTheEnd = std::numeric_limits<int32_t>::max();  // what exporters write for it

bool infer_gather(RuleContext& context) {
  const Dims *input = context.shape(0), *indices = context.shape(1);
  const ElementType element = context.element(0);
  context.set(0, element, std::nullopt);
  if (input == nullptr) return true;
  const auto axis = axis_of(context, context.int_attribute("axis", 0), input->size());
  if (!axis) return false;
  if (indices != nullptr) {
    Dims out(input->begin(), input->begin() + static_cast<std::ptrdiff_t>(*axis));
    out.insert(out.end(), indices->begin(), indices->end());
    out.insert(out.end(), input->begin() + static_cast<std::ptrdiff_t>(*axis) + 1, input->end());
    context.set(0, element, std::move(out));
  }
  const auto data = data_tensor(context, 0);
  const auto positions = context.numbers(1);
  if (!data || !positions) return true;
  std::vector<int64_t> inside;
  const int64_t size = data->shape[*axis];
  for (const int64_t position : *positions) {
    if (position < -size || position >= size)
      return context.refuse(
          fmt::format("index {} lies outside of axis {} of size {}", position, *axis, size));
    inside.push_back(position < 0 ? position + size : position);
  }
  context.set_data(0, taken(*data, *axis, inside).data);
  return true;
}

bool infer_gather_elements(RuleContext& context) {
  const Dims* indices = context.shape(1);
  context.set(0, context.element(0), indices ? std::optional(*indices) : std::nullopt);
  return true;
}

bool infer_gather_nd(RuleContext& context) {
  const Dims *input = context.shape(0), *indices = context.shape(1);
  context.set(0, context.element(0), std::nullopt);
  if (input == nullptr || indices == nullptr || indices->empty()) return true;
  const auto depth = indices->back().as_number();
  const int64_t batch = context.int_attribute("batch_dims", 0);
  if (!depth) return true;
  if (batch < 0 || *depth < 1 || *depth + batch > static_cast<int64_t>(input->size()))
    return context.refuse(fmt::format("indices of length {} and {} batch axes do not fit rank {}",
                                      *depth, batch, input->size()));
  Dims out(indices->begin(), indices->end() - 1);
  out.insert(out.end(), input->begin() + batch + *depth, input->end());
  context.set(0, context.element(0), std::move(out));
  return true;
}

bool same_as_first(RuleContext& context) {  // Scatter*, ReverseSequence, Trilu
  if (const SymbolicType* type = context.type(0)) context.set_type(0, *type);
  return true;
}

bool infer_concat(RuleContext& context) {
  if (context.input_count() == 0) return context.refuse("it has no input");
  ElementType element = ElementType::Undefined;
  const Dims* first = nullptr;
  for (size_t slot = 0; slot < context.input_count(); ++slot) {
    if (element == ElementType::Undefined) element = context.element(slot);
    if (first == nullptr) first = context.shape(slot);
  }
  context.set(0, element, std::nullopt);
  if (first == nullptr) return true;
  const int64_t given = context.int_attribute("axis", context.opset() < 4 ? 1 : 0);
  const auto axis = axis_of(context, given, first->size());
  if (!axis) return false;
  Dims out = *first;
  out[*axis] = 0;
  for (size_t slot = 0; slot < context.input_count(); ++slot) {
    const Dims* shape = context.shape(slot);
    if (shape == nullptr) {
      out[*axis] = Expr::unknown();
      continue;
    }
    if (shape->size() != first->size())
      return context.refuse(
          fmt::format("ranks {} and {} are joined", first->size(), shape->size()));
    for (size_t i = 0; i < shape->size(); ++i)
      out[i] = i == *axis ? out[i] + (*shape)[i]
                          : unify(context, out[i], (*shape)[i],
                                  fmt::format("sizes of axis {}, which is not joined, differ", i));
    if (context.is_refused()) return false;
  }
  context.set(0, element, std::move(out));
  if (*axis != 0) return true;
  ShapeData joined;
  for (size_t slot = 0; slot < context.input_count(); ++slot) {
    const ShapeData* data = context.data(slot);
    if (data == nullptr) return true;
    ShapeData part = *data;
    if (!common_denominator(joined, part)) return true;
    joined.values.insert(joined.values.end(), part.values.begin(), part.values.end());
    if (joined.values.size() > static_cast<size_t>(kMaxElements)) return true;
  }
  context.set_data(0, std::move(joined));
  return true;
}

// Where a slice begins or ends on an axis of size `dim`, going forward.
Expr clamped(Expr position, Expr dim) {
  if (const auto number = position.as_number()) {
    if (*number >= kToTheEnd) return dim;
    return *number >= 0 ? min(position, dim) : max(position + dim, 0);
  }
  if (position.lower_bound().value_or(-1) >= 0) return min(position, dim);
  if (position.upper_bound().value_or(0) < 0) return max(position + dim, 0);
  return Expr::unknown();
}

// Elements that a slice takes.
Expr slice_length(Expr dim, Expr start, Expr end, int64_t step) {
  if (step > 0) {
    const Expr from = clamped(start, dim), to = clamped(end, dim);
    return max(ceil_div(to - from, step), 0);
  }
  const auto size = dim.as_number(), first = start.as_number(), last = end.as_number();
  if (!first || !last) return Expr::unknown();
  if (!size) {  // all of it, backwards
    const bool from_end = *first == -1 || *first >= kToTheEnd;
    return from_end && *last <= -kToTheEnd ? ceil_div(dim, -step) : Expr::unknown();
  }
  const auto place = [&](int64_t position) {
    return std::clamp<int64_t>(position < 0 && position >= -*size ? position + *size : position, -1,
                               *size - 1);
  };
  const int64_t from = *first < -*size ? -1 : place(*first);
  const int64_t to = *last < -*size ? -1 : place(*last);
  return std::max<int64_t>(0, (from - to + -step - 1) / -step);
}

struct SliceArguments {
  std::vector<Expr> starts, ends;
  std::vector<int64_t> axes, steps;
};

std::optional<SliceArguments> slice_arguments(RuleContext& context) {
  SliceArguments out;
  const auto from = [](const std::vector<int64_t>& values) {
    return std::vector<Expr>(values.begin(), values.end());
  };
  if (context.opset() < 10) {
    const auto starts = context.ints_attribute("starts"), ends = context.ints_attribute("ends");
    if (!starts || !ends) return std::nullopt;
    out.starts = from(*starts);
    out.ends = from(*ends);
    if (auto axes = context.ints_attribute("axes")) out.axes = std::move(*axes);
  } else {
    const auto starts = context.integers(1), ends = context.integers(2);
    if (!starts || !ends) return std::nullopt;
    out.starts = *starts;
    out.ends = *ends;
    for (const size_t slot : {size_t{3}, size_t{4}}) {
      if (!context.has_input(slot)) continue;
      auto values = context.numbers(slot);
      if (!values) return std::nullopt;
      (slot == 3 ? out.axes : out.steps) = std::move(*values);
    }
  }
  if (out.axes.empty())
    for (size_t i = 0; i < out.starts.size(); ++i) out.axes.push_back(static_cast<int64_t>(i));
  if (out.steps.empty()) out.steps.assign(out.starts.size(), 1);
  return out;
}

bool infer_slice(RuleContext& context) {
  const Dims* input = context.shape(0);
  const ElementType element = context.element(0);
  context.set(0, element, std::nullopt);
  if (input == nullptr) return true;
  const auto arguments = slice_arguments(context);
  if (!arguments) {  // known axes at least leave the others alone
    Dims out(input->size(), Expr::unknown());
    if (const auto axes = context.opset() >= 10 ? context.numbers(3) : std::nullopt) {
      const auto cut = axes_of(context, *axes, input->size());
      if (!cut) return false;
      for (size_t i = 0; i < out.size(); ++i)
        if (!std::binary_search(cut->begin(), cut->end(), i)) out[i] = (*input)[i];
    }
    context.set(0, element, std::move(out));
    return true;
  }
  const auto& [starts, ends, axes, steps] = *arguments;
  if (starts.size() != ends.size() || starts.size() != axes.size() || starts.size() != steps.size())
    return context.refuse(fmt::format("{} starts, {} ends, {} axes and {} steps", starts.size(),
                                      ends.size(), axes.size(), steps.size()));
  if (!axes_of(context, axes, input->size())) return false;
  Dims out = *input;
  auto data = data_tensor(context, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (steps[i] == 0) return context.refuse("a step is 0");
    const auto axis = *axis_of(context, axes[i], input->size());
    out[axis] = slice_length(out[axis], starts[i], ends[i], steps[i]);
    if (!data || !out[axis].is_number()) {
      data.reset();
      continue;
    }
    const int64_t size = data->shape[axis];
    const auto start = starts[i].as_number();
    if (!start) {
      data.reset();
      continue;
    }
    int64_t position =
        *start < 0 ? std::max<int64_t>(*start + size, steps[i] < 0 ? -1 : 0) : *start;
    position = std::min(position, steps[i] < 0 ? size - 1 : size);
    std::vector<int64_t> positions;
    for (int64_t k = 0; k < *out[axis].as_number(); ++k)
      positions.push_back(position + k * steps[i]);
    data = taken(*data, axis, positions);
  }
  context.set(0, element, std::move(out));
  if (data) context.set_data(0, std::move(data->data));
  return true;
}

bool infer_split(RuleContext& context) {
  const Dims* input = context.shape(0);
  const ElementType element = context.element(0);
  for (size_t slot = 0; slot < context.output_count(); ++slot)
    context.set(slot, element, std::nullopt);
  if (input == nullptr || context.opset() < 2) return context.opset() >= 2;
  const auto axis = axis_of(context, context.int_attribute("axis", 0), input->size());
  if (!axis) return false;
  const Expr dim = (*input)[*axis];
  const size_t count = context.output_count();
  std::vector<Expr> sizes(count, Expr::unknown());
  const bool has_sizes =
      context.opset() < 13 ? context.attribute("split") != nullptr : context.has_input(1);
  if (has_sizes) {
    std::optional<std::vector<Expr>> given;
    if (context.opset() >= 13)
      given = context.integers(1);
    else if (const auto split = context.ints_attribute("split"))
      given.emplace(split->begin(), split->end());
    if (given && given->size() != count)
      return context.refuse(fmt::format("{} sizes for {} outputs", given->size(), count));
    if (given) {
      Expr total = 0;
      for (const Expr& size : *given) total = total + size;
      if (is_false(same(total, dim)))
        return context.refuse(
            fmt::format("the parts have {} elements, the axis {}", total.text(), dim.text()));
      sizes = *given;
    }
  } else {
    const auto parts = static_cast<int64_t>(count);
    const Expr whole = context.opset() >= 18 ? ceil_div(dim, parts) : floor_div(dim, parts);
    std::fill(sizes.begin(), sizes.end(), whole);
    if (context.opset() >= 18 && count > 0) sizes.back() = max(dim - whole * (parts - 1), 0);
  }
  const auto data = data_tensor(context, 0);
  int64_t offset = 0;
  for (size_t slot = 0; slot < count; ++slot) {
    Dims out = *input;
    out[*axis] = sizes[slot];
    context.set(slot, element, std::move(out));
    const auto size = sizes[slot].as_number();
    if (!data || !size || offset < 0 || *size < 0 || offset + *size > data->shape[*axis]) {
      offset = -1;
      continue;
    }
    std::vector<int64_t> positions;
    for (int64_t i = 0; i < *size; ++i) positions.push_back(offset + i);
    offset += *size;
    context.set_data(slot, taken(*data, *axis, positions).data);
  }
  return true;
}

bool infer_tile(RuleContext& context) {
  if (context.opset() < 6) return false;
  const Dims* input = context.shape(0);
  const auto repeats = context.integers(1);
  if (input == nullptr) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  if (repeats && repeats->size() != input->size())
    return context.refuse(fmt::format("{} repeats for rank {}", repeats->size(), input->size()));
  Dims out;
  for (size_t i = 0; i < input->size(); ++i)
    out.push_back(repeats ? (*input)[i] * (*repeats)[i] : Expr::unknown());
  const auto data = data_tensor(context, 0);
  context.set(0, context.element(0), out);
  if (!data || out.size() != 1 || !out[0].is_number() || *out[0].as_number() > kMaxElements)
    return true;
  ShapeData repeated{{}, data->data.denominator};
  while (static_cast<int64_t>(repeated.values.size()) < *out[0].as_number())
    repeated.values.insert(repeated.values.end(), data->data.values.begin(),
                           data->data.values.end());
  context.set_data(0, std::move(repeated));
  return true;
}

bool infer_pad(RuleContext& context) {
  const Dims* input = context.shape(0);
  context.set(0, context.element(0), std::nullopt);
  if (input == nullptr) return true;
  std::optional<std::vector<Expr>> pads;
  if (context.opset() < 11) {
    const char* name = context.opset() < 2 ? "paddings" : "pads";
    if (const auto given = context.ints_attribute(name)) pads.emplace(given->begin(), given->end());
  } else {
    pads = context.integers(1);
  }
  std::vector<size_t> axes;
  if (context.has_input(3)) {
    const auto given = context.numbers(3);
    if (!given) {
      context.set(0, context.element(0), Dims(input->size(), Expr::unknown()));
      return true;
    }
    if (!axes_of(context, *given, input->size())) return false;
    for (const int64_t axis : *given)
      axes.push_back(
          static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(input->size()) : axis));
  } else {
    for (size_t i = 0; i < input->size(); ++i) axes.push_back(i);
  }
  if (pads && pads->size() != 2 * axes.size())
    return context.refuse(fmt::format("{} pads for {} axes", pads->size(), axes.size()));
  Dims out = *input;
  for (size_t i = 0; i < axes.size(); ++i)
    out[axes[i]] = pads ? out[axes[i]] + (*pads)[i] + (*pads)[axes.size() + i] : Expr::unknown();
  context.set(0, context.element(0), std::move(out));
  return true;
}

// --- blocks of space, and results whose size depends on the values -------------------------------

// Blocks of blocksize × blocksize places go from depth into space, or back.
bool infer_blocks(RuleContext& context, bool into_space) {
  const Dims* input = context.shape(0);
  context.set(0, context.element(0), std::nullopt);
  if (input == nullptr) return true;
  const int64_t block = context.int_attribute("blocksize", 0);
  if (input->size() != 4 || block < 1)
    return context.refuse(fmt::format("rank {} and blocksize {}", input->size(), block));
  const Dims& x = *input;
  const Expr area = Expr(block) * block;
  context.set(0, context.element(0),
              into_space ? Dims{x[0], floor_div(x[1], area), x[2] * block, x[3] * block}
                         : Dims{x[0], x[1] * area, floor_div(x[2], block), floor_div(x[3], block)});
  return true;
}
bool infer_depth_to_space(RuleContext& context) { return infer_blocks(context, true); }
bool infer_space_to_depth(RuleContext& context) { return infer_blocks(context, false); }

bool infer_non_zero(RuleContext& context) {
  const Dims* input = context.shape(0);
  const Expr rank =
      input ? Expr(static_cast<int64_t>(std::max<size_t>(input->size(), 1))) : Expr::unknown();
  context.set(0, ElementType::Int64, Dims{rank, Expr::unknown()});
  return true;
}

bool infer_compress(RuleContext& context) {
  const Dims* input = context.shape(0);
  const Attribute* attribute = context.attribute("axis");
  if (attribute == nullptr) {
    context.set(0, context.element(0), Dims{Expr::unknown()});
    return true;
  }
  context.set(0, context.element(0), std::nullopt);
  if (input == nullptr) return true;
  const auto axis = axis_of(context, attribute->as_int().value_or(0), input->size());
  if (!axis) return false;
  Dims out = *input;
  out[*axis] = Expr::unknown();
  context.set(0, context.element(0), std::move(out));
  return true;
}

bool infer_one_hot(RuleContext& context) {
  const Dims* indices = context.shape(0);
  const ElementType element = context.element(2);
  context.set(0, element, std::nullopt);
  if (indices == nullptr) return true;
  const auto axis = axis_of(context, context.int_attribute("axis", -1), indices->size() + 1);
  if (!axis) return false;
  const auto depth = context.integers(1);
  Dims out = *indices;
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(*axis),
             depth && depth->size() == 1 ? (*depth)[0] : Expr::unknown());
  context.set(0, element, std::move(out));
  return true;
}

bool infer_top_k(RuleContext& context) {
  const Dims* input = context.shape(0);
  context.set(0, context.element(0), std::nullopt);
  context.set(1, ElementType::Int64, std::nullopt);
  if (input == nullptr) return true;
  const auto axis = axis_of(context, context.int_attribute("axis", -1), input->size());
  if (!axis) return false;
  Expr k = Expr::unknown();
  if (context.opset() < 10)
    k = context.int_attribute("k", 0);
  else if (const auto given = context.integers(1); given && given->size() == 1)
    k = (*given)[0];
  Dims out = *input;
  if (is_true(less(out[*axis], k)))
    return context.refuse(
        fmt::format("the {} largest of {} are asked for", k.text(), out[*axis].text()));
  out[*axis] = k.lower_bound().value_or(-1) >= 0 ? k : Expr::unknown();
  context.set(0, context.element(0), out);
  context.set(1, ElementType::Int64, std::move(out));
  return true;
}

bool infer_unique(RuleContext& context) {
  const Dims* input = context.shape(0);
  const Attribute* attribute = context.attribute("axis");
  std::optional<Dims> out = Dims{Expr::unknown()};
  if (attribute != nullptr) {
    out.reset();
    if (input != nullptr) {
      const auto axis = axis_of(context, attribute->as_int().value_or(0), input->size());
      if (!axis) return false;
      out = *input;
      (*out)[*axis] = Expr::unknown();
    }
  }
  context.set(0, context.element(0), std::move(out));
  for (size_t slot = 1; slot < context.output_count(); ++slot)
    context.set(slot, ElementType::Int64, Dims{Expr::unknown()});
  return true;
}

}  // namespace

void register_shape_selection(ShapeFamilyRegistry& registry) {
  registry.add({.id = "selection",
                .doc = "Operators that pick, join, cut and repeat: Gather, Concat, Slice, Split, "
                       "Tile, Pad and their kin",
                .operators = {{"", "Gather", true, infer_gather},
                              {"", "GatherElements", false, infer_gather_elements},
                              {"", "GatherND", false, infer_gather_nd},
                              {"", "Scatter", false, same_as_first},
                              {"", "ScatterElements", false, same_as_first},
                              {"", "ScatterND", false, same_as_first},
                              {"", "ReverseSequence", false, same_as_first},
                              {"", "Trilu", false, same_as_first},
                              {"", "Concat", true, infer_concat},
                              {"", "Slice", true, infer_slice},
                              {"", "Split", true, infer_split},
                              {"", "Tile", true, infer_tile},
                              {"", "Pad", false, infer_pad},
                              {"", "DepthToSpace", false, infer_depth_to_space},
                              {"", "SpaceToDepth", false, infer_space_to_depth},
                              {"", "NonZero", false, infer_non_zero},
                              {"", "Compress", false, infer_compress},
                              {"", "OneHot", false, infer_one_hot},
                              {"", "TopK", false, infer_top_k},
                              {"", "Unique", false, infer_unique}}});
}

}  // namespace acuate
