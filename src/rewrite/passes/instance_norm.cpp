#include "rewrite/facts.h"
#include "rewrite/normalization.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Match& match) {
  Value* x = match["x"];
  const Value& y = *match.root()->output();
  if (auto reason = unlike(*x, y)) return reason;
  if (y.type.element != ElementType::Float) return "its parameters are made anew in float32 alone";
  const int64_t rank = *rank_of(x);
  std::vector<int64_t> axes;
  if (auto reason = normalized_axes(match, rank, axes)) return reason;
  bool is_spatial = rank > 2 && static_cast<int64_t>(axes.size()) == rank - 2;
  for (size_t i = 0; i < axes.size(); ++i) is_spatial &= axes[i] == static_cast<int64_t>(i) + 2;
  if (!is_spatial) return "it does not normalize over all axes behind the channels";
  const int64_t channels = (*x->type.shape)[1].value;
  if (channels < 0) return "the number of channels is not known";
  const auto r = static_cast<size_t>(rank);
  const Value* gamma = match["gamma"];
  const Value* beta = match["beta"];
  const auto scale = gamma ? channel_vector(gamma, channels, r) : filled({channels}, 1);
  if (!scale) return "its scale is not a float32 constant for each channel";
  const auto bias = beta ? channel_vector(beta, channels, r) : filled({channels}, 0);
  if (!bias) return "its bias is not a float32 constant for each channel";
  const auto epsilon = static_cast<float>(*scalar_constant(match["eps"]));
  Node& node = match.replace("InstanceNormalization", {x, add_constant(match, *scale, "_scale"),
                                                       add_constant(match, *bias, "_bias")});
  node.set_attribute(encode_attribute("epsilon", epsilon));
  return std::nullopt;
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  return rewrite_matches(model, mean_variance_forms(), rewrite);
}

}  // namespace

void register_rewrite_instance_norm(PassRegistry& registry) {
  registry.add({.id = "instance_norm",
                .doc = "Instance normalization written out with ReduceMean "
                       "over the spatial axes, Sub, "
                       "Pow, Sqrt and Div becomes InstanceNormalization.",
                .exactness = Exactness::Rounding,
                .bound = "engines may take the variance as E[x^2] - E[x]^2: "
                         "|y' - y| <= (N + 8) * 2^-22 * "
                         "(1 + mean^2 / (var + eps)) * (|gamma| * (|x - mean| "
                         "/ sqrt(var + eps) + 1) + "
                         "|beta|), N the number of positions",
                .phase = Phase::Pattern,
                .after = {"layer_norm"},
                .run = run});
}

}  // namespace acuate
