#include "rewrite/facts.h"
#include "rewrite/normalization.h"

namespace acuate {
namespace {

// Wu and He, "Group Normalization", section 3.1, as PyTorch's exporter writes
// it: instance normalization of [N, G, …] with scale 1 and bias 0.
std::optional<std::string> rewrite(const Model& model, Match& match) {
  if (auto reason = lacks_opset(model, 21, "GroupNormalization with a scale for each channel"))
    return reason;
  Value* x = match["x"];
  if (auto reason = unlike(*x, *match.root()->output())) return reason;
  const Value& split = *match["split"];
  const Value& joined = *match["joined"];
  const auto rank = static_cast<size_t>(*rank_of(x));
  if (rank < 3 || rank_of(&split).value_or(0) < 3 || !same_shape(*x, joined))
    return "its Reshapes are not known to part the channels and to join them "
           "again";
  const int64_t channels = (*x->type.shape)[1].value;
  const int64_t groups = (*split.type.shape)[1].value;
  if (channels <= 0 || groups <= 0 || channels % groups != 0 ||
      !same_dim((*x->type.shape)[0], (*split.type.shape)[0]))
    return "its Reshape does not part the channels into groups";
  if (!is_constant_of(match["ones"], 1) || !is_constant_of(match["zeros"], 0))
    return "its InstanceNormalization has a scale or bias of its own";
  const auto gamma = channel_vector(match["gamma"], channels, rank);
  const auto beta = channel_vector(match["beta"], channels, rank);
  if (!gamma || !beta) return "its scale or bias is not a float32 constant for each channel";
  const float epsilon = match["normal"]->producer->float_attribute("epsilon", 1e-5F);
  Node& node = match.replace("GroupNormalization", {x, add_constant(match, *gamma, "_scale"),
                                                    add_constant(match, *beta, "_bias")});
  node.set_attribute(encode_attribute("num_groups", groups));
  node.set_attribute(encode_attribute("epsilon", epsilon));
  return std::nullopt;
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  static const std::vector<Pattern> forms = {
      Pattern("Add(Mul(joined=Reshape(normal=InstanceNormalization(split="
              "Reshape(x, ...), ones, "
              "zeros), ...), gamma), beta)")};
  return rewrite_matches(model, forms, [&](Match& match) { return rewrite(model, match); });
}

}  // namespace

void register_rewrite_group_norm(PassRegistry& registry) {
  registry.add({.id = "group_norm",
                .doc = "Group normalization written as Reshape, "
                       "InstanceNormalization, Reshape, Mul and Add "
                       "becomes GroupNormalization (opset 21).",
                .exactness = Exactness::Rounding,
                .bound = "engines may take the variance as E[x^2] - E[x]^2: "
                         "|y' - y| <= (N + 8) * 2^-22 * "
                         "(1 + mean^2 / (var + eps)) * (|gamma| * (|x - mean| "
                         "/ sqrt(var + eps) + 1) + "
                         "|beta|), N the number of elements of a group",
                .phase = Phase::Pattern,
                .after = {"instance_norm"},
                .run = run});
}

}  // namespace acuate
