// Shape data: Shape, Gather, arithmetic, Concat, and the operators that read it.
#include "property/recipes.h"

namespace acuate::property {
namespace {

constexpr int64_t kMaxElements = 1024;

const Item* any(Builder& b, int64_t min_rank = 0) {
  return b.pick([&](const Item& item) { return item.rank() >= min_rank; });
}

// A small int64 vector: shape data, or what could be.
const Item* shape_data(Builder& b, int64_t max_size = 6) {
  return b.pick([&](const Item& item) {
    return item.type() == ElementType::Int64 && item.rank() == 1 && item.shape()[0] <= max_size;
  });
}

bool is_size(const Item& item) {
  int64_t product = 1;
  for (const int64_t dim : item.integers()) {
    if (dim < 0 || dim > 64) return false;
    product *= std::max<int64_t>(dim, 1);
  }
  return product <= kMaxElements;
}

void shape_of(Builder& b) {
  const Item* x = any(b);
  if (x == nullptr) return;
  Attributes attributes;
  if (b.opset() >= 15 && b.random().chance(0.4)) {
    attributes.push_back(MakeAttribute("start", b.random().between(-2, 2)));
    if (b.random().chance(0.5))
      attributes.push_back(MakeAttribute("end", b.random().between(-2, 3)));
  }
  b.node(b.random().chance(0.9) ? "Shape" : "Size", {x}, attributes);
}

void gather_dim(Builder& b) {
  const Item* x = any(b, 1);
  if (x == nullptr) return;
  const Item* shape = b.node("Shape", {x});
  if (shape == nullptr) return;
  const int64_t axis = b.random().between(-x->rank(), x->rank() - 1);
  const Item* dim =
      b.node("Gather", {shape, b.random().chance(0.5) ? b.scalar(axis) : b.ints({axis})});
  if (dim != nullptr && dim->rank() == 0 && b.random().chance(0.6)) {
    if (b.opset() >= 13)
      b.node("Unsqueeze", {dim, b.ints({0})});
    else
      b.node("Unsqueeze", {dim}, {MakeAttribute("axes", std::vector<int64_t>{0})});
  }
}

void slice_shape(Builder& b) {
  const Item* data = shape_data(b);
  if (data == nullptr || b.opset() < 10) return;
  b.node("Slice",
         {data, b.ints({b.random().between(-3, 2)}),
          b.ints({b.random().of<int64_t>({-1, 1, 2, 3, INT64_MAX, 2147483647})}), b.ints({0})});
}

void compute_shape(Builder& b) {
  const Item* data = b.pick([](const Item& item) {
    return item.type() == ElementType::Int64 && item.rank() <= 1 && item.value.size() <= 6;
  });
  if (data == nullptr) return;
  const int64_t value = b.random().of<int64_t>({1, 2, 3, 4, -1});
  switch (b.random().between(0, 5)) {
    case 0:
      b.node("Mul", {data, b.scalar(value)});
      break;
    case 1:
      b.node("Add", {data, b.ints({value})});
      break;
    case 2:
      b.node("Div", {data, b.scalar(value)});
      break;
    case 3:
      b.node("ReduceProd", {data}, {MakeAttribute("keepdims", b.random().between(0, 1))});
      break;
    case 4:
      if (b.opset() >= 12) b.node(b.random().chance(0.5) ? "Max" : "Min", {data, b.scalar(value)});
      break;
    default:  // as exporters write floor(size · scale)
      if (const Item* real = b.node("Cast", {data}, {MakeAttribute("to", int64_t{1})}))
        if (const Item* scaled = b.node("Mul", {real, b.constant(Tensor::of<float>({}, {1.5F}))}))
          if (const Item* floor = b.node(b.random().chance(0.5) ? "Floor" : "Ceil", {scaled}))
            b.node("Cast", {floor}, {MakeAttribute("to", int64_t{7})});
  }
}

void concat_shape(Builder& b) {
  Items parts;
  for (int64_t i = b.random().between(1, 4); i > 0; --i) {
    const Item* part = b.random().chance(0.4) ? b.ints({b.random().of<int64_t>({-1, 1, 2, 3, 0})})
                                              : shape_data(b, 2);
    if (part != nullptr) parts.push_back(part);
  }
  if (!parts.empty()) b.node("Concat", parts, {MakeAttribute("axis", int64_t{0})});
}

// Dimensions with as many elements; at times with a 0 (as in the input) or a -1.
std::vector<int64_t> other_shape(Builder& b, const Shape& from) {
  std::vector<int64_t> to(from);
  if (to.size() > 1 && b.random().chance(0.6)) {
    const auto at = static_cast<size_t>(b.random().between(0, static_cast<int64_t>(to.size()) - 2));
    to[at] *= to[at + 1];
    to.erase(to.begin() + static_cast<int64_t>(at) + 1);
  }
  if (b.random().chance(0.4))
    to.insert(to.begin() + b.random().between(0, static_cast<int64_t>(to.size())), 1);
  for (int64_t& dim : to)
    if (dim > 2 && dim % 2 == 0 && b.random().chance(0.2)) {
      dim /= 2;
      to.push_back(2);
      break;
    }
  return to;
}

void reshape(Builder& b) {
  const Item* x = any(b);
  if (x == nullptr) return;
  const Item* target = nullptr;
  if (b.random().chance(0.4))  // shape data that fits, -1 and 0 included
    target = b.pick([&](const Item& item) {
      if (item.type() != ElementType::Int64 || item.rank() != 1 || item.shape()[0] > 6)
        return false;
      int64_t product = 1, open = 0;
      const auto dims = item.integers();
      for (size_t i = 0; i < dims.size(); ++i) {
        const int64_t dim = dims[i] == 0 && i < x->shape().size() ? x->shape()[i] : dims[i];
        if (dim == -1)
          ++open;
        else if (dim < 0)
          return false;
        else
          product *= dim;
      }
      return open == 0 ? product == x->value.size()
                       : open == 1 && product > 0 && x->value.size() % product == 0;
    });
  if (target == nullptr) {
    std::vector<int64_t> to = other_shape(b, x->shape());
    if (!to.empty() && b.random().chance(0.5))
      to[static_cast<size_t>(b.random().between(0, static_cast<int64_t>(to.size()) - 1))] = -1;
    for (size_t i = 0; i < to.size() && i < x->shape().size(); ++i)
      if (to[i] == x->shape()[i] && b.random().chance(0.3)) to[i] = 0;
    target = b.ints(to);
  }
  Attributes attributes;
  if (b.opset() >= 14 && b.random().chance(0.1))
    attributes.push_back(MakeAttribute("allowzero", int64_t{1}));
  b.node("Reshape", {x, target}, attributes);
}

// As exporters flatten: the dimensions that stay are read from the shape.
void flatten_scaffold(Builder& b) {
  const Item* x = any(b, 2);
  if (x == nullptr) return;
  const Item* shape = b.node("Shape", {x});
  const Item* first = shape ? b.node("Gather", {shape, b.ints({0})}) : nullptr;
  if (first == nullptr) return;
  const Item* target = b.node("Concat", {first, b.ints({-1})}, {MakeAttribute("axis", int64_t{0})});
  if (target != nullptr) b.node("Reshape", {x, target});
}

// Reshape to its own shape.
void reshape_to_itself(Builder& b) {
  const Item* x = any(b, 1);
  if (x == nullptr) return;
  const Item* shape = b.node("Shape", {x});
  if (shape != nullptr) b.node(b.random().chance(0.7) ? "Reshape" : "Expand", {x, shape});
}

void expand(Builder& b) {
  const Item* x = any(b);
  if (x == nullptr) return;
  const Item* target = b.pick([](const Item& item) {
    return item.type() == ElementType::Int64 && item.rank() == 1 && item.shape()[0] <= 5 &&
           is_size(item);
  });
  if (target == nullptr || b.random().chance(0.4)) {
    Shape to = x->shape();
    if (b.random().chance(0.4)) to.insert(to.begin(), b.random().between(1, 2));
    for (int64_t& dim : to)
      if (b.random().chance(0.3)) dim = 1;
    target = b.ints(to);
  }
  const Item* large = b.node("Expand", {x, target});
  if (large == nullptr || large->type() == ElementType::Bool || b.random().chance(0.5)) return;
  // Behind it stands what broadcasts by itself.
  Shape shape = large->shape();
  for (int64_t& dim : shape)
    if (b.random().chance(0.3)) dim = 1;
  const Item* other = b.constant(b.random_tensor(large->type(), shape));
  b.node(b.random().of<std::string>({"Add", "Mul", "Less"}),
         b.random().chance(0.5) ? Items{large, other} : Items{other, large});
}

void constant_of_shape(Builder& b) {
  const Item* target = b.pick([](const Item& item) {
    return item.type() == ElementType::Int64 && item.rank() == 1 && item.shape()[0] <= 5 &&
           is_size(item);
  });
  if (target == nullptr) return;
  Attributes attributes;
  if (b.random().chance(0.7)) {
    onnx::TensorProto value =
        to_proto(b.random().chance(0.5)
                     ? Tensor::of<float>({1}, {static_cast<float>(b.random().between(0, 2))})
                     : Tensor::of<int64_t>({1}, {b.random().between(-1, 2)}),
                 "");
    attributes.push_back(MakeAttribute("value", value));
  }
  b.node("ConstantOfShape", {target}, attributes);
}

void range(Builder& b) {
  const Item* limit = b.pick([](const Item& item) {
    return item.type() == ElementType::Int64 && item.rank() == 0 &&
           item.value.values<int64_t>()[0] < 32;
  });
  if (limit == nullptr || b.opset() < 11) return;
  b.node("Range", {b.scalar(b.random().between(-1, 1)), limit, b.scalar(b.random().between(1, 2))});
}

void slice(Builder& b) {
  const Item* x = any(b, 1);
  if (x == nullptr || b.opset() < 10) return;
  std::vector<int64_t> starts, ends, axes, steps;
  for (int64_t axis = 0; axis < x->rank(); ++axis) {
    if (!b.random().chance(0.5)) continue;
    const bool backward = b.random().chance(0.15);
    starts.push_back(backward ? -1 : b.random().of<int64_t>({0, 0, 1, -2, -100}));
    ends.push_back(backward
                       ? b.random().of<int64_t>({INT64_MIN, -3, 0})
                       : b.random().of<int64_t>({INT64_MAX, INT64_MAX, 2147483647, -1, 2, 100}));
    axes.push_back(b.random().chance(0.3) ? axis - x->rank() : axis);
    steps.push_back(backward ? -1 : b.random().of<int64_t>({1, 1, 2}));
  }
  if (axes.empty()) return;
  Items inputs{x, b.ints(starts), b.ints(ends), b.ints(axes), b.ints(steps)};
  const bool has_steps = std::any_of(steps.begin(), steps.end(), [](int64_t s) { return s != 1; });
  if (!has_steps && b.random().chance(0.5)) inputs.pop_back();
  const Item* y = b.node("Slice", inputs);
  if (y != nullptr && b.random().chance(0.2)) {
    inputs[0] = y;
    b.node("Slice", inputs);
  }
}

void slice_by_shape(Builder& b) {
  const Item* x = any(b, 1);
  const Item* end = shape_data(b, 1);
  if (x == nullptr || end == nullptr || end->shape()[0] != 1 || b.opset() < 10) return;
  b.node("Slice", {x, b.ints({0}), end, b.ints({b.random().between(0, x->rank() - 1)})});
}

}  // namespace

std::vector<Recipe> shape_recipes() {
  return {{"shape_of", 6, shape_of},
          {"gather_dim", 6, gather_dim},
          {"slice_shape", 3, slice_shape},
          {"compute_shape", 6, compute_shape},
          {"concat_shape", 6, concat_shape},
          {"reshape", 9, reshape},
          {"flatten_scaffold", 3, flatten_scaffold},
          {"reshape_to_itself", 3, reshape_to_itself},
          {"expand", 4, expand},
          {"constant_of_shape", 3, constant_of_shape},
          {"range", 2, range},
          {"slice", 6, slice},
          {"slice_by_shape", 2, slice_by_shape}};
}

}  // namespace acuate::property
