#include <cmath>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (node.input(0) == nullptr || node.input(0)->type.element != ElementType::Float)
    return "its elements are not float32";
  if (node.int_attribute("training_mode", 0) != 0 || node.outputs().size() > 1)
    return "it is in training mode";
  std::vector<std::vector<double>> parameters;
  for (size_t slot = 1; slot < 5; ++slot) {
    auto numbers = known_reals(node.input(slot));
    if (!numbers) return "its parameters are not constants of float32";
    parameters.push_back(std::move(*numbers));
  }
  const auto rank = rank_of(node.input(0));
  if (!rank || *rank < 2) return "the rank of its input is not known, or below 2";
  const double epsilon = node.float_attribute("epsilon", 1e-5F);
  Shape shape(static_cast<size_t>(*rank - 1), 1);
  shape[0] = static_cast<int64_t>(parameters[0].size());
  std::vector<float> factors, offsets;
  for (size_t c = 0; c < parameters[0].size(); ++c) {
    const double factor = parameters[0][c] / std::sqrt(parameters[3][c] + epsilon);
    const double offset = parameters[1][c] - parameters[2][c] * factor;
    if (!std::isfinite(factor) || !std::isfinite(offset)) return "a channel's factor is not finite";
    factors.push_back(static_cast<float>(factor));
    offsets.push_back(static_cast<float>(offset));
  }
  Expansion out(node, context);
  Value* factor = out.constant(Tensor::of<float>(shape, std::span<const float>(factors)));
  Value* offset = out.constant(Tensor::of<float>(shape, std::span<const float>(offsets)));
  return out.finish(out.add("Add", {out.add("Mul", {node.input(0), factor}), offset}));
}

}  // namespace

void register_rewrite_legalize_batch_norm(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_batch_norm",
       .doc = "BatchNormalization with constant parameters becomes Mul and Add by constants "
              "of each channel.",
       .exactness = Exactness::Rounding,
       .bound = "|y' - y| <= 2^-21 * (|scale| * (|x| + |mean|) / sqrt(var + eps) + |bias|) for "
                "float32",
       .operators = {"BatchNormalization"},
       .uses = {"Mul", "Add"},
       .rewrite = rewrite});
}

}  // namespace acuate
