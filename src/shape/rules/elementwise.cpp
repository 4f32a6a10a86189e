// Operators that work element by element, with broadcasting; the data of small tensors follows
// through those that dimensions are computed with.
#include <algorithm>

#include "shape/axes.h"
#include "shape/data_tensor.h"

namespace acuate {
namespace {

constexpr int64_t kMaxElements = 1024;
constexpr int64_t kMaxDenominator = int64_t{1} << 20;

bool is_integer(ElementType type) {
  return type == ElementType::Int64 || type == ElementType::Int32 || type == ElementType::Bool;
}

// x / denominator for one element, or unknown.
using UnaryFunction = Expr (*)(Expr x, int64_t denominator);

// The type of the first input, and its data mapped.
bool unary(RuleContext& context, UnaryFunction map = nullptr) {
  if (const SymbolicType* type = context.type(0)) context.set_type(0, *type);
  const ShapeData* data = map != nullptr ? context.data(0) : nullptr;
  if (data == nullptr) return true;
  ShapeData out{{}, data->denominator};
  for (const Expr& value : data->values) out.values.push_back(map(value, data->denominator));
  context.set_data(0, std::move(out));
  return true;
}

bool plain(RuleContext& context) { return unary(context); }

bool infer_identity(RuleContext& context) {
  return unary(context, [](Expr x, int64_t) { return x; });
}
bool infer_neg(RuleContext& context) {
  return unary(context, [](Expr x, int64_t) { return -x; });
}
bool infer_abs(RuleContext& context) {
  return unary(context, [](Expr x, int64_t) { return max(x, -x); });
}
bool infer_relu(RuleContext& context) {
  return unary(context, [](Expr x, int64_t) { return max(x, 0); });
}
bool infer_floor(RuleContext& context) {
  return unary(context, [](Expr x, int64_t d) { return floor_div(x, d) * d; });
}
bool infer_ceil(RuleContext& context) {
  return unary(context, [](Expr x, int64_t d) { return ceil_div(x, d) * d; });
}
bool infer_round(RuleContext& context) {  // halves to even
  return unary(context, [](Expr x, int64_t d) {
    if (d == 1) return x;
    if (!x.is_number()) return Expr::unknown();
    const Expr down = floor_div(x, d);
    const int64_t twice = *(mod(x, d) * 2).as_number();
    const bool up = twice > d || (twice == d && mod(down, 2).is_number(1));
    return (down + (up ? 1 : 0)) * d;
  });
}
bool infer_not(RuleContext& context) {
  return unary(context,
               [](Expr x, int64_t) { return x.is_number() ? Expr(1) - x : Expr::unknown(); });
}

bool infer_reciprocal(RuleContext& context) {
  unary(context);
  if (const ShapeData* data = context.data(0); data && data->values.size() == 1)
    if (const auto x = data->values[0].as_number(); x && *x > 0 && *x <= kMaxDenominator)
      context.set_data(0, {{data->denominator}, *x});
  return true;
}

bool boolean(RuleContext& context) {
  const Dims* shape = context.shape(0);
  context.set(0, ElementType::Bool, shape ? std::optional(*shape) : std::nullopt);
  return true;
}

bool infer_cast_to(RuleContext& context, ElementType to) {
  const Dims* shape = context.shape(0);
  context.set(0, to, shape ? std::optional(*shape) : std::nullopt);
  const ShapeData* data = context.data(0);
  if (data == nullptr || !(is_integer(to) || to == ElementType::Float || to == ElementType::Double))
    return true;
  ShapeData out{{}, data->denominator};
  if (to == ElementType::Bool) {
    out.denominator = 1;
    for (const Expr& value : data->values) {
      const auto zero = same(value, 0);
      out.values.push_back(zero ? Expr(*zero ? 0 : 1) : Expr::unknown());
    }
  } else if (is_integer(to) && data->denominator != 1) {  // towards zero
    out.denominator = 1;
    for (const Expr& value : data->values)
      out.values.push_back(
          value.lower_bound().value_or(-1) >= 0  ? floor_div(value, data->denominator)
          : value.upper_bound().value_or(1) <= 0 ? ceil_div(value, data->denominator)
                                                 : Expr::unknown());
  } else {
    out.values = data->values;
  }
  context.set_data(0, std::move(out));
  return true;
}

bool infer_cast(RuleContext& context) {
  const Attribute* to = context.attribute("to");
  if (to == nullptr || !to->as_int()) return false;  // a name, before opset 6
  return infer_cast_to(context, static_cast<ElementType>(*to->as_int()));
}

bool infer_cast_like(RuleContext& context) {
  const ElementType to = context.element(1);
  if (to != ElementType::Undefined) return infer_cast_to(context, to);
  const Dims* shape = context.shape(0);
  context.set(0, to, shape ? std::optional(*shape) : std::nullopt);
  return true;
}

bool infer_clip(RuleContext& context) {
  unary(context);
  if (context.opset() < 11) return true;
  const ShapeData* data = context.data(0);
  if (data == nullptr) return true;
  ShapeData out = *data;
  for (const size_t slot : {size_t{1}, size_t{2}}) {
    if (!context.has_input(slot)) continue;
    const ShapeData* limit = context.data(slot);
    if (limit == nullptr || limit->values.size() != 1) return true;
    ShapeData scaled = *limit;
    if (!common_denominator(out, scaled)) return true;
    for (Expr& value : out.values)
      value = slot == 1 ? max(value, scaled.values[0]) : min(value, scaled.values[0]);
  }
  context.set_data(0, std::move(out));
  return true;
}

bool infer_dropout(RuleContext& context) {
  unary(context, [](Expr x, int64_t) { return x; });
  if (!context.has_output(1)) return true;
  const SymbolicType* type = context.type(0);
  if (type == nullptr) return true;
  SymbolicType mask = *type;
  if (context.opset() >= 10) mask.element = ElementType::Bool;
  context.set_type(1, std::move(mask));
  return true;
}

// --- several inputs -----------------------------------------------------------------------------

// What both inputs hold, element by element of the broadcast shape, over one denominator.
struct Pairs {
  Shape shape;
  std::vector<Expr> a, b;
  int64_t denominator = 1;
  int64_t denominator_b = 1;  // differs only where `aligned` was not asked for
};

std::optional<Pairs> pairs(RuleContext& context, size_t slot_a, size_t slot_b, bool aligned) {
  auto a = data_tensor(context, slot_a), b = data_tensor(context, slot_b);
  if (!a || !b) return std::nullopt;
  if (aligned && !common_denominator(a->data, b->data)) return std::nullopt;
  const auto dims = broadcast_dims(context, Dims(a->shape.begin(), a->shape.end()),
                                   Dims(b->shape.begin(), b->shape.end()));
  if (!dims) return std::nullopt;
  Pairs out;
  int64_t total = 1;
  for (const Expr& dim : *dims) {
    out.shape.push_back(*dim.as_number());
    total *= out.shape.back();
  }
  if (total > kMaxElements) return std::nullopt;
  for (const size_t position : broadcast_positions(a->shape, out.shape))
    out.a.push_back(a->data.values[position]);
  for (const size_t position : broadcast_positions(b->shape, out.shape))
    out.b.push_back(b->data.values[position]);
  out.denominator = a->data.denominator;
  out.denominator_b = b->data.denominator;
  return out;
}

// Type and shape of a binary operator. False: broadcast by attributes, before opset 7.
bool binary_type(RuleContext& context, ElementType element) {
  if (context.opset() < 7 && context.node().domain().empty()) {
    const Dims* shape = context.shape(0);
    context.set(0, element, shape ? std::optional(*shape) : std::nullopt);
    return false;
  }
  static constexpr size_t kSlots[] = {0, 1};
  context.set(0, element, broadcast_inputs(context, kSlots));
  return !context.is_refused();
}

using BinaryFunction = Expr (*)(Expr a, Expr b);

bool aligned(RuleContext& context, ElementType element, BinaryFunction map) {
  if (!binary_type(context, element)) return !context.is_refused();
  const auto both = pairs(context, 0, 1, true);
  if (!both) return true;
  ShapeData out{{}, element == ElementType::Bool ? 1 : both->denominator};
  for (size_t i = 0; i < both->a.size(); ++i) out.values.push_back(map(both->a[i], both->b[i]));
  context.set_data(0, std::move(out));
  return true;
}

bool infer_add(RuleContext& context) {
  return aligned(context, context.element(0), [](Expr a, Expr b) { return a + b; });
}
bool infer_sub(RuleContext& context) {
  return aligned(context, context.element(0), [](Expr a, Expr b) { return a - b; });
}
bool infer_binary(RuleContext& context) {
  binary_type(context, context.element(0));
  return !context.is_refused();
}

bool infer_mul(RuleContext& context) {
  if (!binary_type(context, context.element(0))) return !context.is_refused();
  const auto both = pairs(context, 0, 1, false);
  if (!both || both->denominator * both->denominator_b > kMaxDenominator) return true;
  ShapeData out{{}, both->denominator * both->denominator_b};
  for (size_t i = 0; i < both->a.size(); ++i) out.values.push_back(both->a[i] * both->b[i]);
  context.set_data(0, std::move(out));
  return true;
}

// Integer division rounds towards zero.
Expr truncated(Expr a, Expr b) {
  if (const auto quotient = exact_quotient(a, b)) return *quotient;
  if (a.lower_bound().value_or(-1) >= 0 && b.lower_bound().value_or(-1) >= 0)
    return floor_div(a, b);
  if (a.is_number() && b.is_number() && !b.is_number(0)) {
    const bool negative = (*a.as_number() < 0) != (*b.as_number() < 0);
    return negative ? ceil_div(a, b) : floor_div(a, b);
  }
  return Expr::unknown();
}

bool infer_div(RuleContext& context) {
  const ElementType element = context.element(0);
  if (!binary_type(context, element)) return !context.is_refused();
  const auto both = pairs(context, 0, 1, false);
  if (!both) return true;
  ShapeData out;
  if (is_integer(element)) {
    for (size_t i = 0; i < both->a.size(); ++i)
      out.values.push_back(truncated(both->a[i], both->b[i]));
  } else {
    // (a / p) / (b / q) = a·q / (p·b), for one number b > 0 that all elements are divided by.
    if (both->b.empty() || !both->b[0].is_number() || *both->b[0].as_number() <= 0) return true;
    for (const Expr& value : both->b)
      if (!(value == both->b[0])) return true;
    const Expr denominator = both->b[0] * both->denominator;
    if (!denominator.is_number() || *denominator.as_number() > kMaxDenominator) return true;
    out.denominator = *denominator.as_number();
    for (const Expr& value : both->a) out.values.push_back(value * both->denominator_b);
  }
  context.set_data(0, std::move(out));
  return true;
}

bool infer_mod(RuleContext& context) {
  const ElementType element = context.element(0);
  if (!binary_type(context, element)) return !context.is_refused();
  if (!is_integer(element)) return true;
  const bool is_fmod = context.int_attribute("fmod", 0) != 0;  // the sign of the dividend
  const auto both = pairs(context, 0, 1, true);
  if (!both) return true;
  ShapeData out;
  for (size_t i = 0; i < both->a.size(); ++i) {
    const Expr a = both->a[i], b = both->b[i];
    out.values.push_back(is_fmod ? a - b * truncated(a, b) : mod(a, b));
  }
  context.set_data(0, std::move(out));
  return true;
}

bool infer_pow(RuleContext& context) {
  if (!binary_type(context, context.element(0))) return !context.is_refused();
  const auto both = pairs(context, 0, 1, false);
  if (!both || both->denominator != 1 || both->denominator_b != 1) return true;
  ShapeData out;
  for (size_t i = 0; i < both->a.size(); ++i) {
    const auto exponent = both->b[i].as_number();
    Expr power = exponent && *exponent >= 0 && *exponent <= 8 ? Expr(1) : Expr::unknown();
    for (int64_t k = 0; exponent && k < *exponent && *exponent <= 8; ++k)
      power = power * both->a[i];
    out.values.push_back(power);
  }
  context.set_data(0, std::move(out));
  return true;
}

Expr as_bool(std::optional<bool> decided) {
  return decided ? Expr(*decided ? 1 : 0) : Expr::unknown();
}
bool infer_equal(RuleContext& context) {
  return aligned(context, ElementType::Bool, [](Expr a, Expr b) { return as_bool(same(a, b)); });
}
bool infer_less(RuleContext& context) {
  return aligned(context, ElementType::Bool, [](Expr a, Expr b) { return as_bool(less(a, b)); });
}
bool infer_greater(RuleContext& context) {
  return aligned(context, ElementType::Bool, [](Expr a, Expr b) { return as_bool(less(b, a)); });
}
std::optional<bool> negated(std::optional<bool> decided) {
  return decided ? std::optional(!*decided) : std::nullopt;
}
bool infer_less_or_equal(RuleContext& context) {
  return aligned(context, ElementType::Bool,
                 [](Expr a, Expr b) { return as_bool(negated(less(b, a))); });
}
bool infer_greater_or_equal(RuleContext& context) {
  return aligned(context, ElementType::Bool,
                 [](Expr a, Expr b) { return as_bool(negated(less(a, b))); });
}
bool infer_and(RuleContext& context) {
  return aligned(context, ElementType::Bool, [](Expr a, Expr b) {
    if (a.is_number(0) || b.is_number(0)) return Expr(0);
    return a.is_number() && b.is_number() ? Expr(1) : Expr::unknown();
  });
}
bool infer_or(RuleContext& context) {
  return aligned(context, ElementType::Bool, [](Expr a, Expr b) {
    if (a.is_number(1) || b.is_number(1)) return Expr(1);
    return a.is_number() && b.is_number() ? Expr(0) : Expr::unknown();
  });
}
bool infer_xor(RuleContext& context) {
  return aligned(context, ElementType::Bool, [](Expr a, Expr b) {
    return a.is_number() && b.is_number() ? Expr(a == b ? 0 : 1) : Expr::unknown();
  });
}

bool infer_variadic(RuleContext& context, BinaryFunction map) {
  if (context.input_count() == 0) return false;
  if (context.opset() < 8) return unary(context);
  std::vector<size_t> slots;
  for (size_t slot = 0; slot < context.input_count(); ++slot) slots.push_back(slot);
  context.set(0, context.element(0), broadcast_inputs(context, slots));
  if (context.is_refused()) return false;
  if (context.input_count() == 1 && map != nullptr) return infer_identity(context);
  if (context.input_count() != 2 || map == nullptr) return true;
  return aligned(context, context.element(0), map);
}
bool infer_min(RuleContext& context) {
  return infer_variadic(context, [](Expr a, Expr b) { return min(a, b); });
}
bool infer_max(RuleContext& context) {
  return infer_variadic(context, [](Expr a, Expr b) { return max(a, b); });
}
bool infer_sum(RuleContext& context) {
  return infer_variadic(context, [](Expr a, Expr b) { return a + b; });
}
bool infer_mean(RuleContext& context) { return infer_variadic(context, nullptr); }

bool infer_where(RuleContext& context) {
  static constexpr size_t kSlots[] = {0, 1, 2};
  const auto dims = broadcast_inputs(context, kSlots);
  if (context.is_refused()) return false;
  const ElementType element =
      context.element(1) != ElementType::Undefined ? context.element(1) : context.element(2);
  context.set(0, element, dims);
  const auto condition = data_tensor(context, 0);
  auto a = data_tensor(context, 1), b = data_tensor(context, 2);
  if (!dims || !condition || !a || !b || !common_denominator(a->data, b->data)) return true;
  Shape shape;
  int64_t total = 1;
  for (const Expr& dim : *dims) {
    shape.push_back(*dim.as_number());
    total *= shape.back();
  }
  if (total > kMaxElements) return true;
  const auto at_c = broadcast_positions(condition->shape, shape),
             at_a = broadcast_positions(a->shape, shape),
             at_b = broadcast_positions(b->shape, shape);
  ShapeData out{{}, a->data.denominator};
  for (size_t i = 0; i < at_c.size(); ++i) {
    const Expr decided = condition->data.values[at_c[i]], yes = a->data.values[at_a[i]],
               no = b->data.values[at_b[i]];
    out.values.push_back(decided.is_number() ? (decided.is_number(0) ? no : yes)
                         : yes == no         ? yes
                                             : Expr::unknown());
  }
  context.set_data(0, std::move(out));
  return true;
}

}  // namespace

void register_shape_elementwise(ShapeFamilyRegistry& registry) {
  ShapeFamily family{.id = "elementwise",
                     .doc = "Operators that work element by element, with broadcasting",
                     .operators = {{"", "Identity", true, infer_identity},
                                   {"", "Neg", true, infer_neg},
                                   {"", "Abs", true, infer_abs},
                                   {"", "Relu", true, infer_relu},
                                   {"", "Floor", true, infer_floor},
                                   {"", "Ceil", true, infer_ceil},
                                   {"", "Round", true, infer_round},
                                   {"", "Not", true, infer_not},
                                   {"", "Reciprocal", true, infer_reciprocal},
                                   {"", "Cast", true, infer_cast},
                                   {"", "CastLike", true, infer_cast_like},
                                   {"", "Clip", true, infer_clip},
                                   {"", "Dropout", true, infer_dropout},
                                   {"", "Add", true, infer_add},
                                   {"", "Sub", true, infer_sub},
                                   {"", "Mul", true, infer_mul},
                                   {"", "Div", true, infer_div},
                                   {"", "Mod", true, infer_mod},
                                   {"", "Pow", true, infer_pow},
                                   {"", "Equal", true, infer_equal},
                                   {"", "Less", true, infer_less},
                                   {"", "Greater", true, infer_greater},
                                   {"", "LessOrEqual", true, infer_less_or_equal},
                                   {"", "GreaterOrEqual", true, infer_greater_or_equal},
                                   {"", "And", true, infer_and},
                                   {"", "Or", true, infer_or},
                                   {"", "Xor", true, infer_xor},
                                   {"", "Min", true, infer_min},
                                   {"", "Max", true, infer_max},
                                   {"", "Sum", true, infer_sum},
                                   {"", "Mean", false, infer_mean},
                                   {"", "Where", true, infer_where}}};
  for (const char* op : {"Acos",       "Acosh",     "Asin",
                         "Asinh",      "Atan",      "Atanh",
                         "BitwiseNot", "Celu",      "Cos",
                         "Cosh",       "Elu",       "Erf",
                         "Exp",        "Gelu",      "HardSigmoid",
                         "HardSwish",  "LeakyRelu", "Log",
                         "Mish",       "PRelu",     "Selu",
                         "Shrink",     "Sigmoid",   "Sign",
                         "Sin",        "Sinh",      "Softplus",
                         "Softsign",   "Sqrt",      "Swish",
                         "Tan",        "Tanh",      "ThresholdedRelu"})
    family.operators.push_back({"", op, false, plain});
  for (const char* op : {"IsNaN", "IsInf"}) family.operators.push_back({"", op, false, boolean});
  for (const char* op : {"BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"})
    family.operators.push_back({"", op, false, infer_binary});
  registry.add(std::move(family));
}

}  // namespace acuate
