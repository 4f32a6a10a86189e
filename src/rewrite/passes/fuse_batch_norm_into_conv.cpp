#include <cmath>

#include "rewrite/conv.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// y = (x − mean) / sqrt(var + epsilon) · gamma + beta (ONNX BatchNormalization, inference).
std::optional<std::string> fuse(Node& node) {
  for (size_t slot = 1; slot < node.outputs().size(); ++slot)
    if (node.output(slot) != nullptr && !node.output(slot)->is_unused())
      return "its running statistics are read (training mode)";
  if (node.int_attribute("training_mode", 0) != 0) return "training mode";
  FusibleConv conv;
  if (auto reason = match_conv(node.input(0) ? node.input(0)->producer : nullptr, conv))
    return reason;
  if (node.input(0)->graph != &node.graph()) return "the convolution stands in another graph";
  std::vector<Tensor> parameters;
  for (size_t slot = 1; slot <= 4; ++slot) {
    auto tensor = float_constant(node.input(slot));
    if (!tensor || tensor->size() != conv.channels)
      return "its parameters are not float32 constants with one value for each channel";
    parameters.push_back(std::move(*tensor));
  }
  const double epsilon = node.float_attribute("epsilon", 1e-5F);
  std::vector<double> scale, shift;
  for (size_t c = 0; c < static_cast<size_t>(conv.channels); ++c) {
    const auto at = [&](size_t i) { return static_cast<double>(parameters[i].values<float>()[c]); };
    const double factor = at(0) / std::sqrt(at(3) + epsilon);
    if (!std::isfinite(factor)) return "its variance gives an infinite factor";
    scale.push_back(factor);
    shift.push_back(at(1) - at(2) * factor);
  }
  const auto both = merged_origins(*conv.node, node);
  if (auto reason = absorb(node, *conv.node->output())) return reason;
  set_origins(*conv.node, both);
  apply_affine(conv, scale, shift);
  return std::nullopt;
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  return for_each_node(model, [](Node& node) -> std::optional<std::string> {
    return node.is_op("BatchNormalization") ? fuse(node) : "";
  });
}

}  // namespace

void register_rewrite_fuse_batch_norm_into_conv(PassRegistry& registry) {
  registry.add({.id = "fuse_batch_norm_into_conv",
                .doc = "BatchNormalization behind a Conv or ConvTranspose goes into its weights "
                       "and bias, computed in double precision.",
                .exactness = Exactness::Rounding,
                .bound = "each weight and bias is rounded once: for each output |y' - y| <= (K + "
                         "4) * 2^-23 * (sum |w * x| * |scale| + |bias * scale| + |shift|), "
                         "K the number of products summed",
                .phase = Phase::Fuse,
                .after = {},
                .run = run});
}

}  // namespace acuate
