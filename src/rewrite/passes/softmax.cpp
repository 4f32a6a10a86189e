#include "rewrite/facts.h"
#include "rewrite/normalization.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(const Model& model, Match& match) {
  if (auto reason = lacks_opset(model, 13, "Softmax over one axis")) return reason;
  Value* x = match["x"];
  if (auto reason = unlike(*x, *match.root()->output())) return reason;
  std::vector<int64_t> axes, others;
  if (auto reason = reduced_axes(*match["sum"]->producer, *rank_of(x), axes)) return reason;
  if (axes.size() != 1) return "it normalizes over several axes";
  if (const Value* largest = match["largest"]) {
    if (auto reason = reduced_axes(*largest->producer, *rank_of(x), others)) return reason;
    if (others != axes) return "maximum and sum are over different axes";
  }
  match.replace("Softmax", {x}).set_attribute(encode_attribute("axis", axes[0]));
  return std::nullopt;
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  static const std::vector<Pattern> forms = {
      Pattern("Div(e=Exp(Sub(x, largest=ReduceMax(x, ...))), sum=ReduceSum(e, "
              "...))"),
      Pattern("Div(e=Exp(x), sum=ReduceSum(e, ...))")};
  return rewrite_matches(model, forms, [&](Match& match) { return rewrite(model, match); });
}

}  // namespace

void register_rewrite_softmax(PassRegistry& registry) {
  registry.add({.id = "softmax",
                .doc = "Softmax written out with Exp, ReduceSum and Div, with or "
                       "without taking "
                       "off the maximum, becomes Softmax (opset 13).",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= (N + 16 + 2 * |x - max|) * 2^-22 * y for float32, "
                         "N the "
                         "number of elements along the axis, where no Exp(x) overflows",
                .phase = Phase::Pattern,
                .after = {},
                .run = run});
}

}  // namespace acuate
