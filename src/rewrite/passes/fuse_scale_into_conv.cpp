#include "rewrite/conv.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// Conv → Mul, Div or Add/Sub by a constant that varies along the channels at most.
std::optional<std::string> fuse(Node& node) {
  const bool add = node.is_op("Add"), sub = node.is_op("Sub"), mul = node.is_op("Mul"),
             div = node.is_op("Div");
  std::optional<Tensor> constant = float_constant(node.input(1));
  Value* source = node.input(0);
  if (!constant && (add || mul)) {
    constant = float_constant(node.input(0));
    source = node.input(1);
  }
  if (!constant || source == nullptr) return "";  // no constant operand: not this pattern at all
  FusibleConv conv;
  if (source->graph != &node.graph() || source->producer == nullptr) return "";
  if (!source->producer->is_op("Conv") && !source->producer->is_op("ConvTranspose")) return "";
  if (auto reason = match_conv(source->producer, conv)) return reason;
  const auto values = per_channel(*constant, conv.channels, conv.weight.shape().size());
  if (!values) return "its constant varies along another axis than the channels";
  std::vector<double> scale(values->size(), 1.0), shift(values->size(), 0.0);
  for (size_t c = 0; c < values->size(); ++c) {
    if (mul) scale[c] = (*values)[c];
    if (div) scale[c] = 1.0 / (*values)[c];
    if (add) shift[c] = (*values)[c];
    if (sub) shift[c] = -(*values)[c];
  }
  const auto both = merged_origins(*conv.node, node);
  if (auto reason = absorb(node, *conv.node->output())) return reason;
  set_origins(*conv.node, both);
  apply_affine(conv, scale, shift);
  return std::nullopt;
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  return for_each_node(model, [](Node& node) -> std::optional<std::string> {
    const bool candidate =
        node.is_op("Add") || node.is_op("Sub") || node.is_op("Mul") || node.is_op("Div");
    return candidate ? fuse(node) : "";
  });
}

}  // namespace

void register_rewrite_fuse_scale_into_conv(PassRegistry& registry) {
  registry.add({.id = "fuse_scale_into_conv",
                .doc = "Mul, Div, Add and Sub by a constant (scalar or per channel) behind a Conv "
                       "or ConvTranspose go into its weights and bias.",
                .exactness = Exactness::Rounding,
                .bound = "each weight and bias is rounded once more: for each output |y' - y| <= "
                         "(K + 4) * 2^-23 * (sum |w * x| * |scale| + |bias * scale| + |shift|), "
                         "K the number of products summed",
                .phase = Phase::Fuse,
                .after = {"fuse_batch_norm_into_conv"},
                .run = run});
}

}  // namespace acuate
