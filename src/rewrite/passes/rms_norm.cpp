#include <algorithm>

#include "rewrite/facts.h"
#include "rewrite/normalization.h"

namespace acuate {
namespace {

// Zhang and Sennrich, "Root Mean Square Layer Normalization", section 3. The
// last forms compute in float32 inside a network of float16.
const std::vector<Pattern>& forms() {
  static const std::vector<Pattern> all = [] {
    const std::string square = "Add(var=ReduceMean((Pow(x, 2) | Mul(x, x)), ...), #eps)";
    const auto core = [&](const std::string& x) {
      return "(Div(" + x + ", Sqrt(" + square + ")) | Mul(" + x + ", (Reciprocal(Sqrt(" + square +
             ")) | Div(1, Sqrt(" + square + ")) | Pow(" + square + ", -0.5))))";
    };
    return std::vector<Pattern>{Pattern("Mul(" + core("x") + ", gamma)"),
                                Pattern("Mul(Cast(" + core("x=Cast(raw)") + "), gamma)")};
  }();
  return all;
}

std::optional<std::string> rewrite(const Model& model, Match& match) {
  if (auto reason = lacks_opset(model, 23, "RMSNormalization")) return reason;
  Value* x = match["raw"] != nullptr ? match["raw"] : match["x"];
  Value* gamma = match["gamma"];
  if (auto reason = unlike(*x, *match.root()->output())) return reason;
  if (match["raw"] != nullptr && match["x"]->type.element != ElementType::Float)
    return "it computes in another type than float32 inside";
  const int64_t rank = *rank_of(x);
  std::vector<int64_t> axes;
  if (auto reason = reduced_axes(*match["var"]->producer, rank, axes)) return reason;
  if (axes != std::vector<int64_t>{rank - 1}) return "it does not normalize over the last axis";
  if (rank_of(gamma) != 1 || !same_dim(gamma->type.shape->front(), x->type.shape->back()) ||
      gamma->type.element != x->type.element)
    return "its scale does not have the normalized dimension";
  const auto epsilon = static_cast<float>(*scalar_constant(match["eps"]));
  Node& node = match.replace("RMSNormalization", {x, gamma});
  node.set_attribute(encode_attribute("axis", int64_t{-1}));
  node.set_attribute(encode_attribute("epsilon", epsilon));
  return std::nullopt;
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  return rewrite_matches(model, forms(), [&](Match& match) { return rewrite(model, match); });
}

}  // namespace

void register_rewrite_rms_norm(PassRegistry& registry) {
  registry.add({.id = "rms_norm",
                .doc = "Root mean square normalization written out with "
                       "ReduceMean, Sqrt and Div "
                       "becomes RMSNormalization (opset 23), also where a "
                       "float16 network casts "
                       "to float32 for it.",
                .exactness = Exactness::Rounding,
                .bound = "another order of the sum: |y' - y| <= (N + 8) * "
                         "2^-23 * |y| for float32, "
                         "N the number of normalized elements",
                .phase = Phase::Pattern,
                .after = {},
                .run = run});
}

}  // namespace acuate
