#include <cmath>

#include "rewrite/pattern.h"

namespace acuate {
namespace {

const std::vector<Pattern>& forms() {
  static const std::vector<Pattern> all = {
      Pattern("Mul(x, gate=HardSigmoid(x))"),
      Pattern("Div(Mul(x, Clip(Add(x, 3), 0, 6)), 6)"),
      Pattern("Mul(Mul(x, Clip(Add(x, 3), 0, 6)), 0.16666667)"),
      Pattern("Mul(x, Div(Clip(Add(x, 3), 0, 6), 6))"),
      Pattern("Mul(x, Mul(Clip(Add(x, 3), 0, 6), 0.16666667))"),
  };
  return all;
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  return rewrite_matches(model, forms(), [&](Match& match) -> std::optional<std::string> {
    if (auto reason = lacks_opset(model, 14, "HardSwish")) return reason;
    Value* x = match["x"];
    if (const Value* made = match["gate"]) {
      const Node& gate = *made->producer;
      if (std::abs(gate.float_attribute("alpha", 0.2F) - 1.0F / 6) > 1e-5F ||
          gate.float_attribute("beta", 0.5F) != 0.5F)
        return "its HardSigmoid has another alpha than 1/6 or another beta "
               "than 0.5";
    }
    if (auto reason = unlike(*x, *match.root()->output())) return reason;
    match.replace("HardSwish", {x});
    return std::nullopt;
  });
}

}  // namespace

void register_rewrite_hard_swish(PassRegistry& registry) {
  registry.add({.id = "hard_swish",
                .doc = "x * HardSigmoid(x) with alpha 1/6, and HardSwish "
                       "written out with Clip, "
                       "becomes HardSwish (opset 14).",
                .exactness = Exactness::Rounding,
                .bound = "1/6 counts as equal within 1e-5: |y' - y| <= (6e-5 + "
                         "2^-21) * |x| for "
                         "float32, with an alpha rounded to float32 2^-20 * |x|",
                .phase = Phase::Pattern,
                .after = {},
                .run = run});
}

}  // namespace acuate
