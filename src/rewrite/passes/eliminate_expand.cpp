#include <algorithm>

#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"
#include "shape/inference.h"

namespace acuate {
namespace {

// Whether the inputs of `node`, `x` standing in `slot`, broadcast to all of `result`.
bool still_broadcasts_to(const Dims& result, const Node& node, size_t slot, const Dims& x,
                         const ShapeInference& shapes) {
  for (size_t i = 0; i < result.size(); ++i) {
    const size_t from_end = result.size() - i;
    // One input of that size gives it: the others are of that size too, or one.
    const auto gives = [&](const Dims& dims) {
      return from_end <= dims.size() && dims[dims.size() - from_end] == result[i];
    };
    bool given = gives(x);
    for (size_t other = 0; other < node.input_count() && !given; ++other)
      if (const Value* value = node.input(other); other != slot && value != nullptr)
        if (const Dims* dims = shapes.shape(*value)) given = gives(*dims);
    if (!given) return false;
  }
  return true;
}

// Told from the operator behind the Expand, which broadcasts by itself.
std::optional<std::string> rewrite(Node& node, const PassContext& context) {
  if (node.graph().opset_version() < 8 || node.output() == nullptr) return "";
  std::string reason;
  for (size_t slot = 0; slot < node.input_count(); ++slot) {
    Value* expanded = node.input(slot);
    if (expanded == nullptr || expanded->producer == nullptr ||
        !expanded->producer->is_op("Expand"))
      continue;
    Value* x = expanded->producer->input(0);
    if (x == nullptr) continue;
    const Dims *result = context.shapes->shape(*node.output()), *dims = context.shapes->shape(*x);
    if (result == nullptr || dims == nullptr ||
        !still_broadcasts_to(*result, node, slot, *dims, *context.shapes)) {
      reason = "the result is not known to be as large without the Expand";
      continue;
    }
    node.set_input(slot, x);
    remove_unused(*expanded);
    return std::nullopt;
  }
  return reason;
}

}  // namespace

void register_rewrite_eliminate_expand(PassRegistry& registry) {
  registry.add({.id = "eliminate_expand",
                .doc =
                    "An operator that broadcasts reads what an Expand in front of it read, where "
                    "its other inputs make the result as large. Pow and PRelu are left out: "
                    "engines compute them otherwise for one exponent or slope.",
                .phase = Phase::Clean,
                .after = {"eliminate_identity"},
                .operators = {"Add", "Sub", "Mul", "Div", "And", "Or", "Xor", "Equal", "Less",
                              "LessOrEqual", "Greater", "GreaterOrEqual", "Max", "Min", "Where"},
                .rewrite = rewrite});
}

}  // namespace acuate
