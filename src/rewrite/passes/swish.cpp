#include "rewrite/facts.h"
#include "rewrite/pattern.h"

namespace acuate {
namespace {

Result<PassOutcome> run(Model& model, const PassContext&) {
  static const std::vector<Pattern> forms = {Pattern("Mul(x, Sigmoid(x))"),
                                             Pattern("Mul(x, Sigmoid(Mul(x, #alpha)))")};
  return rewrite_matches(model, forms, [&](Match& match) -> std::optional<std::string> {
    if (auto reason = lacks_opset(model, 24, "Swish")) return reason;
    Value* x = match["x"];
    if (auto reason = unlike(*x, *match.root()->output())) return reason;
    const auto alpha = match["alpha"] ? static_cast<float>(*scalar_constant(match["alpha"])) : 1.0F;
    match.replace("Swish", {x}).set_attribute(encode_attribute("alpha", alpha));
    return std::nullopt;
  });
}

}  // namespace

void register_rewrite_swish(PassRegistry& registry) {
  registry.add({.id = "swish",
                .doc = "x * Sigmoid(x) and x * Sigmoid(alpha * x) (SiLU, "
                       "Swish) become Swish "
                       "(opset 24).",
                .exactness = Exactness::Rounding,
                .bound = "another evaluation of the same formula: |y' - y| <= "
                         "2^-20 * |x| for "
                         "float32, 2^-9 * |x| for float16",
                .phase = Phase::Pattern,
                .after = {},
                .run = run});
}

}  // namespace acuate
