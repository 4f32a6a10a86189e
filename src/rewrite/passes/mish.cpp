#include "rewrite/pattern.h"

namespace acuate {
namespace {

Result<PassOutcome> run(Model& model, const PassContext&) {
  static const std::vector<Pattern> forms = {
      Pattern("Mul(x, Tanh((Softplus(x) | Log(Add(Exp(x), 1)))))")};
  return rewrite_matches(model, forms, [&](Match& match) -> std::optional<std::string> {
    if (auto reason = lacks_opset(model, 18, "Mish")) return reason;
    Value* x = match["x"];
    if (auto reason = unlike(*x, *match.root()->output())) return reason;
    match.replace("Mish", {x});
    return std::nullopt;
  });
}

}  // namespace

void register_rewrite_mish(PassRegistry& registry) {
  registry.add({.id = "mish",
                .doc = "x * Tanh(Softplus(x)) becomes Mish (opset 18), also with the "
                       "Softplus "
                       "written out.",
                .exactness = Exactness::Rounding,
                .bound = "another evaluation of the same formula: |y' - y| <= 2^-20 * |x| "
                         "for "
                         "float32, 2^-9 * |x| for float16, where Exp(x) does not overflow",
                .phase = Phase::Pattern,
                .after = {},
                .run = run});
}

}  // namespace acuate
