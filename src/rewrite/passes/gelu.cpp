#include "rewrite/pattern.h"

namespace acuate {
namespace {

// Hendrycks and Gimpel, "Gaussian Error Linear Units", section 2: x · Φ(x) by erf, or its
// approximation by tanh.
const std::vector<Pattern>& forms() {
  static const std::vector<Pattern> all = [] {
    const std::string erf = "Add(Erf((Div(x, 1.41421356) | Mul(x, 0.70710678))), 1)";
    const std::string tanh =
        "Add(Tanh(Mul(Add(x, Mul((Pow(x, 3) | Mul(x, Mul(x, x))), 0.044715)), 0.79788456)), 1)";
    std::vector<Pattern> out;
    for (const std::string& gate : {erf, tanh})
      for (const char* form :
           {"Mul(Mul(x, %), 0.5)", "Mul(x, Mul(%, 0.5))", "Mul(Mul(x, 0.5), %)"}) {
        std::string text = form;
        text.replace(text.find('%'), 1, "gate=" + gate);
        out.emplace_back(text);
      }
    return out;
  }();
  return all;
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  return rewrite_matches(model, forms(), [&](Match& match) -> std::optional<std::string> {
    if (auto reason = lacks_opset(model, 20, "Gelu")) return reason;
    Value* x = match["x"];
    if (auto reason = unlike(*x, *match.root()->output())) return reason;
    // Add(Erf | Tanh, 1)
    const Node* gate = match["gate"]->producer;
    bool by_tanh = false;
    for (const size_t slot : {0, 1})
      by_tanh |=
          gate->input(slot)->producer != nullptr && gate->input(slot)->producer->is_op("Tanh");
    Node& gelu = match.replace("Gelu", {x});
    if (by_tanh) gelu.set_attribute(encode_attribute("approximate", std::string_view("tanh")));
    return std::nullopt;
  });
}

}  // namespace

void register_rewrite_gelu(PassRegistry& registry) {
  registry.add({.id = "gelu",
                .doc = "GELU written out with Erf or with Tanh becomes Gelu (opset 20).",
                .exactness = Exactness::Rounding,
                .bound = "constants count as equal within 1e-5, relative (float16 2^-11, bfloat16 "
                         "2^-8): |y' - y| <= (2e-5 + 2^-20) * |x| for float32",
                .phase = Phase::Pattern,
                .after = {},
                .run = run});
}

}  // namespace acuate
