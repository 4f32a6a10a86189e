// Operators that move elements and compute none.
#include <numeric>

#include "property/recipes.h"

namespace acuate::property {
namespace {

const Item* any(Builder& b, int64_t min_rank = 0) {
  return b.pick([&](const Item& item) { return item.rank() >= min_rank; });
}

std::vector<int64_t> permutation(Builder& b, int64_t rank) {
  std::vector<int64_t> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  if (!b.random().chance(0.15))
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1],
                order[static_cast<size_t>(b.random().between(0, static_cast<int64_t>(i) - 1))]);
  return order;
}

void transpose(Builder& b) {
  const Item* x = any(b, 1);
  if (x == nullptr) return;
  const auto order = permutation(b, x->rank());
  const Item* y = b.random().chance(0.1) ? b.node("Transpose", {x})
                                         : b.node("Transpose", {x}, {MakeAttribute("perm", order)});
  if (y == nullptr || !b.random().chance(0.5)) return;
  const Item* middle =
      y->type() == ElementType::Float && b.random().chance(0.5) ? b.node("Relu", {y}) : y;
  if (middle == nullptr) return;
  std::vector<int64_t> back(order.size());
  for (size_t i = 0; i < order.size(); ++i)
    back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  b.node("Transpose", {middle},
         {MakeAttribute("perm", b.random().chance(0.6) ? back : permutation(b, x->rank()))});
}

void squeeze(Builder& b) {
  const Item* x = any(b);
  if (x == nullptr) return;
  std::vector<int64_t> ones;
  for (int64_t axis = 0; axis < x->rank(); ++axis)
    if (x->shape()[static_cast<size_t>(axis)] == 1 && b.random().chance(0.7))
      ones.push_back(b.random().chance(0.3) ? axis - x->rank() : axis);
  const bool take_out = !ones.empty() && b.random().chance(0.6);
  const std::string op = take_out ? "Squeeze" : "Unsqueeze";
  if (!take_out) ones = {b.random().between(0, x->rank())};
  if (!take_out && b.random().chance(0.2)) ones.push_back(ones[0] + 1);
  if (b.opset() >= 13)
    b.node(op, {x, b.ints(ones)});
  else
    b.node(op, {x}, {MakeAttribute("axes", ones)});
}

void flatten(Builder& b) {
  const Item* x = b.pick_float(1);
  if (x != nullptr)
    b.node("Flatten", {x}, {MakeAttribute("axis", b.random().between(0, x->rank()))});
}

void concat(Builder& b) {
  const Item* x = any(b, 1);
  if (x == nullptr) return;
  const int64_t axis = b.random().between(0, x->rank() - 1);
  Items inputs{x};
  for (int64_t i = b.random().between(0, 2); i > 0; --i) {
    const Item* y = b.pick([&](const Item& item) {
      if (item.type() != x->type() || item.rank() != x->rank()) return false;
      for (int64_t k = 0; k < x->rank(); ++k)
        if (k != axis && item.shape()[static_cast<size_t>(k)] != x->shape()[static_cast<size_t>(k)])
          return false;
      return true;
    });
    if (y != nullptr) inputs.insert(b.random().chance(0.5) ? inputs.begin() : inputs.end(), y);
  }
  const Item* y = b.node("Concat", inputs,
                         {MakeAttribute("axis", b.random().chance(0.3) ? axis - x->rank() : axis)});
  if (y != nullptr && b.random().chance(0.2))
    b.node("Concat", {y, x}, {MakeAttribute("axis", axis)});
}

void split(Builder& b) {
  const Item* x = any(b, 1);
  if (x == nullptr) return;
  const int64_t axis = b.random().between(0, x->rank() - 1);
  const int64_t size = x->shape()[static_cast<size_t>(axis)];
  if (size < 2) return;
  const int64_t first = b.random().between(1, size - 1);
  const std::vector<int64_t> sizes{first, size - first};
  Attributes attributes{MakeAttribute("axis", axis)};
  Items inputs{x};
  if (b.opset() >= 13)
    inputs.push_back(b.ints(sizes));
  else
    attributes.push_back(MakeAttribute("split", sizes));
  const Items parts = b.nodes("Split", inputs, attributes, 2);
  if (parts.size() == 2 && b.random().chance(0.5))
    b.node("Concat", b.random().chance(0.7) ? parts : Items{parts[1], parts[0]},
           {MakeAttribute("axis", axis)});
}

void pad(Builder& b) {
  const Item* x = b.pick_float(1);
  if (x == nullptr) return;
  std::vector<int64_t> pads;
  for (int64_t i = 0; i < 2 * x->rank(); ++i) pads.push_back(b.random().of<int64_t>({0, 0, 1, 2}));
  Attributes attributes;
  if (b.random().chance(0.3))
    attributes.push_back(
        MakeAttribute("mode", std::string(b.random().chance(0.5) ? "edge" : "reflect")));
  if (b.opset() < 11) {
    attributes.push_back(MakeAttribute("pads", pads));
    const Item* padded = b.node("Pad", {x}, attributes);
    if (padded != nullptr && b.random().chance(0.3)) b.node("Pad", {padded}, attributes);
    return;
  }
  Items inputs{x, b.ints(pads)};
  if (b.random().chance(0.4))
    inputs.push_back(
        b.constant(Tensor::of<float>({}, {static_cast<float>(b.random().between(0, 1))})));
  inputs[0] = b.node("Pad", inputs, attributes);
  if (inputs[0] == nullptr || !b.random().chance(0.4)) return;
  for (int64_t& side : pads) side = b.random().of<int64_t>({0, 0, 1, -1});
  inputs[1] = b.ints(pads);
  b.node("Pad", inputs, attributes);
}

void gather(Builder& b) {
  const Item* x = any(b, 1);
  if (x == nullptr) return;
  const int64_t axis = b.random().between(0, x->rank() - 1);
  const int64_t size = x->shape()[static_cast<size_t>(axis)];
  if (size == 0) return;
  const Shape shape = b.random().of<Shape>({{}, {1}, {2}, {1, 2}, {0}});
  Tensor indices = Tensor::allocate(ElementType::Int64, shape);
  for (int64_t& index : indices.mutable_values<int64_t>())
    index = b.random().between(-size, size - 1);
  const Item* taken = b.node("Gather", {x, b.constant(indices)}, {MakeAttribute("axis", axis)});
  if (taken == nullptr || shape != Shape{2} || b.random().chance(0.3)) return;
  const std::vector<int64_t> again{1, b.random().between(-2, 1), 0};
  b.node("Gather", {taken, b.random().chance(0.3) ? b.scalar(-1) : b.ints(again)},
         {MakeAttribute("axis", axis)});
}

void tile(Builder& b) {
  const Item* x = any(b, 1);
  if (x == nullptr) return;
  std::vector<int64_t> repeats;
  for (int64_t i = 0; i < x->rank(); ++i) repeats.push_back(b.random().of<int64_t>({1, 1, 2, 0}));
  b.node("Tile", {x, b.ints(repeats)});
}

void resize(Builder& b) {
  const Item* x = b.pick_float(4, 4);
  if (x == nullptr || b.opset() < 11) return;
  const Item* roi =
      b.opset() >= 13 ? nullptr : b.constant(Tensor::allocate(ElementType::Float, {0}));
  Attributes attributes{
      MakeAttribute("mode", std::string(b.random().chance(0.5) ? "nearest" : "linear")),
      MakeAttribute("coordinate_transformation_mode", std::string("asymmetric"))};
  const float scale = b.random().of<float>({1, 2, 0.5F});
  if (b.random().chance(0.5)) {
    b.node("Resize", {x, roi, b.constant(Tensor::of<float>({4}, {1, 1, scale, scale}))},
           attributes);
    return;
  }
  // As exporters write it: sizes from the shape.
  const Item* shape = b.node("Shape", {x});
  const Item* head =
      shape ? b.node("Slice", {shape, b.ints({0}), b.ints({2}), b.ints({0})}) : nullptr;
  const Item* sizes =
      head ? b.node("Concat", {head, b.ints({4, 6})}, {MakeAttribute("axis", int64_t{0})})
           : nullptr;
  if (sizes == nullptr) return;
  const Item* scales =
      b.opset() >= 13 ? nullptr : b.constant(Tensor::allocate(ElementType::Float, {0}));
  b.node("Resize", {x, roi, scales, sizes}, attributes);
}

void top_k(Builder& b) {
  const Item* x = b.pick_float(1);
  if (x == nullptr || x->shape().back() < 1 || b.opset() < 11) return;
  b.nodes("TopK", {x, b.ints({b.random().between(1, x->shape().back())})}, {}, 2);
}

void depth(Builder& b) {
  const Item* x = b.pick_float(4, 4);
  if (x != nullptr)
    b.node(b.random().chance(0.5) ? "SpaceToDepth" : "DepthToSpace", {x},
           {MakeAttribute("blocksize", int64_t{2})});
}

}  // namespace

std::vector<Recipe> layout_recipes() {
  return {{"transpose", 8, transpose}, {"squeeze", 6, squeeze}, {"flatten", 2, flatten},
          {"concat", 5, concat},       {"split", 4, split},     {"pad", 4, pad},
          {"gather", 4, gather},       {"tile", 2, tile},       {"resize", 3, resize},
          {"top_k", 1, top_k},         {"depth", 1, depth}};
}

}  // namespace acuate::property
