#include "quantize/gradient.h"

namespace acuate {
namespace {

// Of the output's shape, summed to the input's.
void give(GradientContext& context, size_t slot, Value* x) {
  context.give(
      slot, context.sum_to(x, context.shape(context.output()), context.shape(context.input(slot))));
}

std::optional<std::string> add(GradientContext& context) {
  for (size_t slot = 0; slot < context.node().input_count(); ++slot)
    if (context.wants(slot)) give(context, slot, context.gradient());
  return std::nullopt;
}

std::optional<std::string> mean(GradientContext& context) {
  Value* part =
      context.scale(context.gradient(), 1.0 / static_cast<double>(context.node().input_count()));
  for (size_t slot = 0; slot < context.node().input_count(); ++slot)
    if (context.wants(slot)) give(context, slot, part);
  return std::nullopt;
}

std::optional<std::string> sub(GradientContext& context) {
  if (context.wants(0)) give(context, 0, context.gradient());
  if (context.wants(1)) give(context, 1, context.add("Neg", {context.gradient()}));
  return std::nullopt;
}

std::optional<std::string> mul(GradientContext& context) {
  for (size_t slot = 0; slot < 2; ++slot)
    if (context.wants(slot))
      give(context, slot, context.multiply(context.gradient(), context.input(1 - slot)));
  return std::nullopt;
}

std::optional<std::string> div(GradientContext& context) {
  Value* part = context.add("Div", {context.gradient(), context.input(1)});
  if (context.wants(0)) give(context, 0, part);
  if (context.wants(1))
    give(context, 1, context.add("Neg", {context.multiply(part, context.output())}));
  return std::nullopt;
}

// By the base: c · x^(c − 1).
std::optional<std::string> pow(GradientContext& context) {
  if (!context.wants(0)) return std::nullopt;
  Value* exponent = context.input(1);
  if (exponent->type.element != ElementType::Float &&
      !(exponent->initializer && exponent->initializer->type == ElementType::Float))
    exponent = context.mask(exponent);
  Value* less = context.add("Sub", {exponent, context.number(1)});
  Value* slope = context.multiply(exponent, context.add("Pow", {context.input(0), less}));
  give(context, 0, context.multiply(context.gradient(), slope));
  return std::nullopt;
}

// To whom the result equals.
std::optional<std::string> extreme(GradientContext& context) {
  for (size_t slot = 0; slot < context.node().input_count(); ++slot)
    if (context.wants(slot))
      give(context, slot,
           context.multiply(
               context.gradient(),
               context.mask(context.add("Equal", {context.input(slot), context.output()}))));
  return std::nullopt;
}

std::optional<std::string> where(GradientContext& context) {
  Value *condition = context.input(0), *g = context.gradient(), *zero = context.number(0);
  if (context.wants(1)) give(context, 1, context.add("Where", {condition, g, zero}));
  if (context.wants(2)) give(context, 2, context.add("Where", {condition, zero, g}));
  return std::nullopt;
}

std::optional<std::string> prelu(GradientContext& context) {
  Value* x = context.input(0);
  Value* is_negative = context.add("Less", {x, context.number(0)});
  if (context.wants(0)) {
    Value* slope = context.add("Where", {is_negative, context.input(1), context.number(1)});
    give(context, 0, context.multiply(context.gradient(), slope));
  }
  return std::nullopt;
}

}  // namespace

void register_quantize_arithmetic(GradientRegistry& registry) {
  registry.add({.id = "arithmetic",
                .doc = "element by element with broadcasting: sums, products, powers of constants, "
                       "Min, Max, Where, PRelu by its data",
                .operators = {{"Add", add},
                              {"Div", div},
                              {"Max", extreme},
                              {"Mean", mean},
                              {"Min", extreme},
                              {"Mul", mul},
                              {"PRelu", prelu},
                              {"Pow", pow},
                              {"Sub", sub},
                              {"Sum", add},
                              {"Where", where}}});
}

}  // namespace acuate
