#include <algorithm>

#include "rewrite/facts.h"
#include "rewrite/normalization.h"

namespace acuate {
namespace {

// Whether the parameter has exactly the normalized dimensions.
bool fits(const Value& parameter, const Value& x, size_t first) {
  const auto& dims = *x.type.shape;
  return parameter.type.shape && parameter.type.shape->size() == dims.size() - first &&
         std::equal(parameter.type.shape->begin(), parameter.type.shape->end(),
                    dims.begin() + static_cast<int64_t>(first), same_dim) &&
         parameter.type.element == x.type.element;
}

// LayerNormalization needs a scale where the user has none.
Value* ones(const Match& match, const Value& x, size_t first) {
  if (x.type.element != ElementType::Float) return nullptr;
  Shape shape;
  for (size_t i = first; i < x.type.shape->size(); ++i) {
    if (!(*x.type.shape)[i].is_known()) return nullptr;
    shape.push_back((*x.type.shape)[i].value);
  }
  return add_constant(match, filled(shape, 1), "_scale");
}

std::optional<std::string> rewrite(const Model& model, Match& match) {
  if (auto reason = lacks_opset(model, 17, "LayerNormalization")) return reason;
  Value* x = match["x"];
  Value* gamma = match["gamma"];
  Value* beta = match["beta"];
  if (auto reason = unlike(*x, *match.root()->output())) return reason;
  const int64_t rank = *rank_of(x);
  std::vector<int64_t> axes;
  if (auto reason = normalized_axes(match, rank, axes)) return reason;
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[axes.size() - 1 - i] != rank - 1 - static_cast<int64_t>(i)) axes.clear();
  if (axes.empty()) return "it does not normalize over the last axes";
  const auto first = static_cast<size_t>(axes.front());
  if (gamma != nullptr && !fits(*gamma, *x, first))
    return "its scale does not have the normalized dimensions";
  if (beta != nullptr && !fits(*beta, *x, first))
    return "its bias does not have the normalized dimensions";
  if (gamma == nullptr) gamma = ones(match, *x, first);
  if (gamma == nullptr)
    return "it has no scale, and none can be made for unknown dimensions or "
           "float16";
  const auto epsilon = static_cast<float>(*scalar_constant(match["eps"]));
  Node& node = beta != nullptr ? match.replace("LayerNormalization", {x, gamma, beta})
                               : match.replace("LayerNormalization", {x, gamma});
  node.set_attribute(encode_attribute("axis", -static_cast<int64_t>(axes.size())));
  node.set_attribute(encode_attribute("epsilon", epsilon));
  return std::nullopt;
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  return rewrite_matches(model, mean_variance_forms(),
                         [&](Match& match) { return rewrite(model, match); });
}

}  // namespace

void register_rewrite_layer_norm(PassRegistry& registry) {
  registry.add({.id = "layer_norm",
                .doc = "Layer normalization written out with ReduceMean, Sub, Pow, Sqrt "
                       "and Div, with or "
                       "without scale and bias, becomes LayerNormalization (opset 17).",
                .exactness = Exactness::Rounding,
                .bound = "engines may take the variance as E[x^2] - E[x]^2, as the "
                         "operator's definition "
                         "does: |y' - y| <= (N + 8) * 2^-22 * (1 + mean^2 / (var + "
                         "eps)) * (|gamma| * "
                         "(|x - mean| / sqrt(var + eps) + 1) + |beta|) for float32, N "
                         "the number of "
                         "normalized elements; float16 gains: inside, the operator "
                         "computes in float32",
                .phase = Phase::Pattern,
                .after = {},
                .run = run});
}

}  // namespace acuate
