#include <numbers>

#include "quantize/gradient.h"

namespace acuate {
namespace {

// The derivative by x of y = f(x), written from both.
using Derivative = Value* (*)(GradientContext&, Value* x, Value* y);

template <Derivative derivative>
std::optional<std::string> unary(GradientContext& context) {
  if (context.wants(0))
    context.give(0, context.multiply(context.gradient(),
                                     derivative(context, context.input(0), context.output())));
  return std::nullopt;
}

Value* less(GradientContext& c, double number, Value* x) {
  return c.add("Sub", {c.number(number), x});
}
Value* square(GradientContext& c, Value* x) { return c.multiply(x, x); }
Value* plus(GradientContext& c, Value* x, double number) {
  return c.add("Add", {x, c.number(number)});
}

// 1 where x > 0, of a value that is never below: a steep slope between 0 and 1, which engines
// compute faster than a sign or a comparison.
Value* is_positive(GradientContext& c, Value* x) {
  return c.add("HardSigmoid", {x}, {{"alpha", 1e37F}, {"beta", 0.0F}});
}

Value* relu(GradientContext& c, Value*, Value* y) { return is_positive(c, y); }
Value* leaky_relu(GradientContext& c, Value* x, Value*) {
  const double alpha = c.node().float_attribute("alpha", 0.01F);
  return c.add("Where", {c.add("Less", {x, c.number(0)}), c.number(alpha), c.number(1)});
}
Value* clip(GradientContext& c, Value* x, Value* y) { return c.mask(c.add("Equal", {x, y})); }
Value* sigmoid(GradientContext& c, Value*, Value* y) { return c.multiply(y, less(c, 1, y)); }
Value* tanh(GradientContext& c, Value*, Value* y) { return less(c, 1, square(c, y)); }
Value* hard_sigmoid(GradientContext& c, Value*, Value* y) {
  return c.scale(is_positive(c, c.multiply(y, less(c, 1, y))),
                 c.node().float_attribute("alpha", 0.2F));
}
// x · (x + 3) / 6 between −3 and 3.
Value* hard_swish(GradientContext& c, Value* x, Value*) {
  Value* inside = c.clip(x, -3, 3);
  Value* factor = plus(c, c.mask(c.add("Equal", {x, inside})), 1);
  return plus(c, c.multiply(c.scale(inside, 1.0 / 6), factor), 0.5);
}
Value* softplus(GradientContext& c, Value* x, Value*) { return c.add("Sigmoid", {x}); }
Value* softsign(GradientContext& c, Value* x, Value*) {
  return c.add("Reciprocal", {square(c, plus(c, c.add("Abs", {x}), 1))});
}
Value* erf(GradientContext& c, Value* x, Value*) {
  return c.scale(c.add("Exp", {c.add("Neg", {square(c, x)})}), 2 * std::numbers::inv_sqrtpi);
}
// x · Φ(x); or by tanh, whose Φ is σ(2 · √(2/π) · (x + 0.044715 x³)).
Value* gelu(GradientContext& c, Value* x, Value*) {
  constexpr double kRoot = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;  // √(2/π)
  if (c.node().string_attribute("approximate", "none") == "tanh") {
    Value* squared = square(c, x);
    Value* u = c.scale(c.multiply(x, plus(c, c.scale(squared, 0.044715), 1)), 2 * kRoot);
    Value* phi = c.add("Sigmoid", {u});
    Value* slope = c.scale(plus(c, c.scale(squared, 3 * 0.044715), 1), 2 * kRoot);
    Value* density = c.multiply(c.multiply(phi, less(c, 1, phi)), slope);
    return c.add("Add", {phi, c.multiply(x, density)});
  }
  Value* phi = plus(c, c.scale(c.add("Erf", {c.scale(x, 1 / std::numbers::sqrt2)}), 0.5), 0.5);
  Value* density = c.scale(c.add("Exp", {c.scale(square(c, x), -0.5)}), kRoot / 2);
  return c.add("Add", {phi, c.multiply(x, density)});
}
Value* elu(GradientContext& c, Value* x, Value* y) {
  Value* below = plus(c, y, c.node().float_attribute("alpha", 1));
  return c.add("Where", {c.add("Less", {x, c.number(0)}), below, c.number(1)});
}
Value* selu(GradientContext& c, Value* x, Value* y) {
  const double alpha = c.node().float_attribute("alpha", 1.67326319217681884765625F);
  const double gamma = c.node().float_attribute("gamma", 1.05070102214813232421875F);
  return c.add("Where",
               {c.add("Less", {x, c.number(0)}), plus(c, y, alpha * gamma), c.number(gamma)});
}
// x · tanh(softplus(x)).
Value* mish(GradientContext& c, Value* x, Value*) {
  Value* t = c.add("Tanh", {c.add("Softplus", {x})});
  Value* slope = c.multiply(less(c, 1, square(c, t)), c.add("Sigmoid", {x}));
  return c.add("Add", {t, c.multiply(x, slope)});
}
// x · σ(alpha · x).
Value* swish(GradientContext& c, Value* x, Value* y) {
  const double alpha = c.node().float_attribute("alpha", 1);
  Value* s = c.add("Sigmoid", {c.scale(x, alpha)});
  return c.add("Add", {s, c.scale(c.multiply(y, less(c, 1, s)), alpha)});
}
Value* exp(GradientContext&, Value*, Value* y) { return y; }
Value* log(GradientContext& c, Value* x, Value*) { return c.add("Reciprocal", {x}); }
Value* sqrt(GradientContext& c, Value*, Value* y) { return c.add("Div", {c.number(0.5), y}); }
Value* neg(GradientContext& c, Value*, Value*) { return c.number(-1); }
Value* abs(GradientContext& c, Value* x, Value*) { return c.add("Sign", {x}); }
Value* reciprocal(GradientContext& c, Value*, Value* y) { return c.add("Neg", {square(c, y)}); }
Value* sin(GradientContext& c, Value* x, Value*) { return c.add("Cos", {x}); }
Value* cos(GradientContext& c, Value* x, Value*) { return c.add("Neg", {c.add("Sin", {x})}); }

}  // namespace

void register_quantize_activation(GradientRegistry& registry) {
  registry.add({.id = "activation",
                .doc = "functions of one number",
                .operators = {{"Abs", unary<abs>},
                              {"Clip", unary<clip>},
                              {"Cos", unary<cos>},
                              {"Elu", unary<elu>},
                              {"Erf", unary<erf>},
                              {"Exp", unary<exp>},
                              {"Gelu", unary<gelu>},
                              {"HardSigmoid", unary<hard_sigmoid>},
                              {"HardSwish", unary<hard_swish>},
                              {"LeakyRelu", unary<leaky_relu>},
                              {"Log", unary<log>},
                              {"Mish", unary<mish>},
                              {"Neg", unary<neg>},
                              {"Reciprocal", unary<reciprocal>},
                              {"Relu", unary<relu>},
                              {"Selu", unary<selu>},
                              {"Sigmoid", unary<sigmoid>},
                              {"Sin", unary<sin>},
                              {"Softplus", unary<softplus>},
                              {"Softsign", unary<softsign>},
                              {"Sqrt", unary<sqrt>},
                              {"Swish", unary<swish>},
                              {"Tanh", unary<tanh>}}});
}

}  // namespace acuate
