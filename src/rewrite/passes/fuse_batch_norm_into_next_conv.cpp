#include "rewrite/linear.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

std::optional<std::string> fuse(Node& node, const PassContext& context) {
  Value* output = node.output();
  Value* data = node.input(0);
  if (output == nullptr || data == nullptr || output->is_output() || output->uses().size() != 1)
    return "";
  Node* conv_node = output->uses()[0].node;
  if (!conv_node->is_op("Conv") || conv_node->input(0) != output) return "";
  if (&conv_node->graph() != &node.graph()) return "the convolution stands in another graph";
  Linear conv;
  if (auto reason = match_linear(conv_node, context, conv)) return reason;
  ChannelMap map(conv.input_channels);
  if (auto reason = batch_norm_map(node, conv.input_channels, map)) return reason;
  if (map.has_shift() && has_padding(*conv_node))
    return "the convolution pads with zeros, which the shift would not reach";
  const auto both = merged_origins(*conv_node, node);
  if (auto reason = change_inputs(conv, map)) return reason;
  if (auto reason = bypass(node, *data)) return reason;
  set_origins(*conv_node, both);
  return std::nullopt;
}

}  // namespace

void register_rewrite_fuse_batch_norm_into_next_conv(PassRegistry& registry) {
  registry.add({.id = "fuse_batch_norm_into_next_conv",
                .doc = "BatchNormalization in front of a Conv that does not pad goes into its "
                       "weights and bias, computed in double precision.",
                .exactness = Exactness::Rounding,
                .bound = "each weight and bias is rounded once: for each output |y' - y| <= (K + "
                         "4) * 2^-23 * (sum |w| * (|scale * x| + |shift|) + |bias|), K the number "
                         "of products summed; |shift| = |beta| + |mean * scale|",
                .phase = Phase::Fuse,
                .after = {"fuse_batch_norm_into_conv"},
                .operators = {"BatchNormalization"},
                .rewrite = fuse});
}

}  // namespace acuate
