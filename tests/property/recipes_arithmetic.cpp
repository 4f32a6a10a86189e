// Elementwise operators, what cancels out, what repeats, reductions.
#include "property/recipes.h"

namespace acuate::property {
namespace {

// A shape that broadcasts against `shape`.
Shape broadcastable(Builder& b, Shape shape) {
  const int64_t drop = b.random().between(0, static_cast<int64_t>(shape.size()));
  if (b.random().chance(0.5)) shape.erase(shape.begin(), shape.begin() + drop);
  for (int64_t& dim : shape)
    if (b.random().chance(0.3)) dim = 1;
  return shape;
}

void unary(Builder& b) {
  const Item* x = b.pick_float();
  if (x == nullptr) return;
  static const std::vector<std::string> smooth = {
      "Relu", "LeakyRelu", "Sigmoid",  "Tanh", "HardSigmoid", "Softplus", "Softsign",
      "Elu",  "Selu",      "Identity", "Neg",  "Abs",         "Sin",      "Erf"};
  static const std::vector<std::string> other = {"Exp",  "Log",   "Sqrt", "Reciprocal",
                                                 "Ceil", "Floor", "Sign", "Round"};
  b.node(b.tame() || b.random().chance(0.7) ? b.random().of(smooth) : b.random().of(other), {x});
}

void binary(Builder& b) {
  const Item* x = b.pick([](const Item& item) {
    return item.type() == ElementType::Float || item.type() == ElementType::Int64 ||
           item.type() == ElementType::Int32;
  });
  if (x == nullptr) return;
  const Item* y = b.pick([&](const Item& item) {
    return item.type() == x->type() && (item.rank() == 0 || item.shape() == x->shape());
  });
  if (y == nullptr || b.random().chance(0.5))
    y = b.constant(b.random_tensor(x->type(), broadcastable(b, x->shape())));
  const std::string op = b.random().of<std::string>({"Add", "Mul", "Sub", "Add", "Mul"});
  if (b.random().chance(0.7))
    b.node(op, {x, y});
  else
    b.node(op, {y, x});
}

// Integer division traps on zero, so the divisor is a constant without one.
void divide(Builder& b) {
  const Item* x = b.pick([](const Item& item) {
    return item.type() == ElementType::Float || item.type() == ElementType::Int64;
  });
  if (x == nullptr) return;
  const int64_t divisor = b.random().of<int64_t>({1, 2, 3, 4, -2});
  const Item* y = x->type() == ElementType::Int64
                      ? b.scalar(divisor)
                      : b.constant(Tensor::of<float>({}, {static_cast<float>(divisor)}));
  b.node("Div", {x, y});
  if (x->type() == ElementType::Int64 && b.random().chance(0.3)) b.node("Mod", {x, y});
}

// What an exact pass may take out, and what it may not: x + 0 is not x where x is -0.
void neutral(Builder& b) {
  const Item* x = b.pick_float();
  if (x == nullptr) return;
  struct Case {
    const char* op;
    float value;
  };
  const Case chosen = b.random().of<Case>(
      {{"Add", 0}, {"Add", -0.0F}, {"Sub", 0}, {"Mul", 1}, {"Div", 1}, {"Pow", 1}});
  const Shape shape = b.random().chance(0.5)
                          ? Shape{}
                          : Shape(static_cast<size_t>(b.random().between(0, x->rank() + 1)), 1);
  Tensor value = Tensor::allocate(ElementType::Float, shape);
  for (float& v : value.mutable_values<float>()) v = chosen.value;
  b.node(chosen.op, {x, b.constant(value)});
}

void twice(Builder& b) {
  const Item* x = b.pick_float();
  if (x == nullptr) return;
  const std::string op = b.random().of<std::string>({"Neg", "Relu", "Abs", "Identity", "Floor"});
  if (op == "Floor" && b.tame()) return;
  if (const Item* once = b.node(op, {x})) b.node(op, {once});
}

void cast_chain(Builder& b) {
  const Item* x = b.pick([](const Item&) { return true; });
  if (x == nullptr) return;
  const auto to = [&](const Item* from, ElementType type) {
    return from ? b.node("Cast", {from}, {MakeAttribute("to", static_cast<int64_t>(type))})
                : nullptr;
  };
  const std::vector<ElementType> types = {ElementType::Float,   ElementType::Double,
                                          ElementType::Int64,   ElementType::Int32,
                                          ElementType::Float16, ElementType::Bool};
  const Item* y = to(x, b.random().chance(0.3) ? x->type() : b.random().of(types));
  if (b.random().chance(0.6)) to(y, b.random().chance(0.6) ? x->type() : b.random().of(types));
}

void same_again(Builder& b) {
  const Item* x = b.pick_float();
  if (x == nullptr) return;
  const std::string op = b.random().of<std::string>({"Relu", "Sigmoid", "Tanh", "Neg"});
  const Item* first = b.node(op, {x});
  const Item* second = b.node(op, {x});
  if (first != nullptr && second != nullptr)
    b.node(b.random().chance(0.5) ? "Add" : "Sub", {first, second});
}

// Equal constants under two names, or one constant in two places.
void tied(Builder& b) {
  const Item* x = b.pick_float(1);
  if (x == nullptr) return;
  const Tensor value = b.random_tensor(ElementType::Float, {x->shape().back()});
  const Item* first = b.constant(value);
  const Item* second = b.random().chance(0.5) ? first : b.constant(value);
  const Item* y = b.node("Mul", {x, first});
  if (y != nullptr) b.node("Add", {y, second});
}

void compare(Builder& b) {
  const Item* x = b.pick([](const Item& item) {
    return item.type() == ElementType::Float || item.type() == ElementType::Int64;
  });
  if (x == nullptr) return;
  const Item* y = b.constant(b.random_tensor(x->type(), broadcastable(b, x->shape())));
  const Item* condition = b.node(b.random().of<std::string>({"Equal", "Less", "Greater"}), {x, y});
  if (condition == nullptr) return;
  if (b.random().chance(0.3)) condition = b.node("Not", {condition});
  if (condition != nullptr && b.random().chance(0.6)) b.node("Where", {condition, x, y});
}

void clip(Builder& b) {
  const Item* x = b.pick_float();
  if (x == nullptr) return;
  const float low = static_cast<float>(b.random().between(-2, 0)),
              high = static_cast<float>(b.random().between(0, 3));
  if (b.opset() < 11) {
    b.node("Clip", {x}, {MakeAttribute("min", low), MakeAttribute("max", high)});
    return;
  }
  const Item* min = b.random().chance(0.3) ? nullptr : b.constant(Tensor::of<float>({}, {low}));
  const Item* max = b.random().chance(0.3) ? nullptr : b.constant(Tensor::of<float>({}, {high}));
  const Item* y = b.node("Clip", {x, min, max});
  if (y != nullptr && b.random().chance(0.2)) b.node("Clip", {y, min, max});
}

void many(Builder& b) {
  const Item* x = b.pick_float();
  if (x == nullptr) return;
  Items inputs{x};
  for (int64_t i = b.random().between(0, 3); i > 0; --i)
    inputs.push_back(b.random().chance(0.3) ? x : b.pick([&](const Item& item) {
      return item.type() == x->type() && item.shape() == x->shape();
    }));
  b.node(b.random().of<std::string>({"Sum", "Max", "Min", "Mean"}), inputs);
}

void reduce(Builder& b) {
  const Item* x = b.pick_float(1);
  if (x == nullptr) return;
  const std::string op = b.random().of<std::string>(
      {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceSumSquare"});
  std::vector<int64_t> axes;
  for (int64_t axis = 0; axis < x->rank(); ++axis)
    if (b.random().chance(0.5)) axes.push_back(b.random().chance(0.3) ? axis - x->rank() : axis);
  Attributes attributes;
  if (b.random().chance(0.6))
    attributes.push_back(MakeAttribute("keepdims", b.random().between(0, 1)));
  Items inputs{x};
  if (b.opset() >= 18 || (b.opset() >= 13 && op == "ReduceSum")) {
    if (!axes.empty() || b.random().chance(0.3)) inputs.push_back(b.ints(axes));
    if (b.random().chance(0.3))
      attributes.push_back(MakeAttribute("noop_with_empty_axes", int64_t{1}));
  } else if (!axes.empty()) {
    attributes.push_back(MakeAttribute("axes", axes));
  }
  const Item* y = b.node(op, inputs, attributes);
  if (y != nullptr && b.random().chance(0.3)) b.node("Sub", {x, y});
}

void arg_reduce(Builder& b) {
  const Item* x = b.pick_float(1);
  if (x == nullptr) return;
  b.node(b.random().of<std::string>({"ArgMax", "ArgMin"}), {x},
         {MakeAttribute("axis", b.random().between(-x->rank(), x->rank() - 1)),
          MakeAttribute("keepdims", b.random().between(0, 1))});
}

void call_function(Builder& b) {
  if (b.opset() < 13) return;
  const Item* x = b.pick_float();
  if (x == nullptr) return;
  if (b.random().chance(0.5))
    b.node("Swish", {x}, {}, "local");
  else
    b.node("ScaledAdd", {x, x},
           {MakeAttribute("alpha", static_cast<float>(b.random().between(-1, 2)))}, "local");
}

}  // namespace

std::vector<Recipe> arithmetic_recipes() {
  return {{"unary", 10, unary},
          {"binary", 14, binary},
          {"divide", 4, divide},
          {"neutral", 6, neutral},
          {"twice", 3, twice},
          {"cast_chain", 5, cast_chain},
          {"same_again", 3, same_again},
          {"tied", 4, tied},
          {"compare", 3, compare},
          {"clip", 3, clip},
          {"many", 3, many},
          {"reduce", 5, reduce},
          {"arg_reduce", 1, arg_reduce},
          {"call_function", 3, call_function}};
}

}  // namespace acuate::property
