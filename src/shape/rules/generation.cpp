// Tensors made from attributes or a size: random numbers, windows, identity matrices.
#include "shape/axes.h"
#include "shape/operands.h"

namespace acuate {
namespace {

using Element = ElementType;

bool infer_random(RuleContext& context) {
  const auto shape = context.ints_attribute("shape");
  if (!shape) return context.refuse("it lacks the attribute shape");
  Dims dims;
  for (const int64_t dim : *shape) {
    if (dim < 0) return context.refuse("its shape holds a negative dimension");
    dims.emplace_back(dim);
  }
  context.set(0, element_attribute(context, "dtype", Element::Float), std::move(dims));
  return true;
}

bool infer_random_like(RuleContext& context) {
  set_like(context, 0, 0, element_attribute(context, "dtype", context.element(0)));
  return true;
}
bool infer_eye_like(RuleContext& context) {
  return check_rank(context, 0, 2) && infer_random_like(context);
}

bool infer_multinomial(RuleContext& context) {
  if (!check_rank(context, 0, 2)) return false;
  context.set(0, element_attribute(context, "dtype", Element::Int32),
              Dims{dim_of(context, 0, 0), context.int_attribute("sample_size", 1)});
  return true;
}

bool infer_window(RuleContext& context) {
  if (!check_rank(context, 0, 0, 1)) return false;
  context.set(0, element_attribute(context, "output_datatype", Element::Float),
              Dims{scalar_of(context, 0)});
  return true;
}

bool infer_range(RuleContext& context) {
  const Expr start = scalar_of(context, 0), limit = scalar_of(context, 1),
             step = context.has_input(2) ? scalar_of(context, 2) : 1;
  Expr count = Expr::unknown();
  if (step.as_number().value_or(0) > 0) count = max(ceil_div(limit - start, step), 0);
  if (step.as_number().value_or(0) < 0) count = max(ceil_div(start - limit, -step), 0);
  context.set(0, context.element(0), Dims{count});
  return true;
}

}  // namespace

void register_shape_generation(ShapeFamilyRegistry& registry) {
  registry.add({.id = "generation",
                .doc = "tensors made from attributes or a size",
                .operators = {{"", "RandomNormal", false, infer_random},
                              {"", "RandomUniform", false, infer_random},
                              {"", "RandomNormalLike", false, infer_random_like},
                              {"", "RandomUniformLike", false, infer_random_like},
                              {"", "Bernoulli", false, infer_random_like},
                              {"", "Multinomial", false, infer_multinomial},
                              {"", "EyeLike", false, infer_eye_like},
                              {"", "HannWindow", false, infer_window},
                              {"", "HammingWindow", false, infer_window},
                              {"", "BlackmanWindow", false, infer_window},
                              {"com.microsoft", "Range", false, infer_range}}});
}

}  // namespace acuate
