#include "rewrite/moments.h"

namespace acuate {

Value* normalize(Expansion& out, Value* x, const std::vector<int64_t>& axes, double epsilon) {
  Value* centred = out.add("Sub", {x, out.reduce("ReduceMean", x, axes)});
  Value* variance = out.reduce("ReduceMean", out.add("Mul", {centred, centred}), axes);
  Value* deviation = out.add("Sqrt", {out.add("Add", {variance, out.number(epsilon)})});
  return out.add("Div", {centred, deviation});
}

Value* scale_channels(Expansion& out, Value* x, Value* scale, Value* bias, int64_t rank) {
  Shape shape(static_cast<size_t>(rank - 1), 1);
  shape[0] = -1;
  const auto column = [&](Value* vector) {
    const auto known = known_tensor(vector);
    if (!known) return out.reshape(vector, shape);
    Shape fixed = shape;
    fixed[0] = known->size();
    return out.reshaped_constant(*vector, fixed);
  };
  Value* scaled = out.add("Mul", {x, column(scale)});
  return out.add("Add", {scaled, column(bias)});
}

}  // namespace acuate
