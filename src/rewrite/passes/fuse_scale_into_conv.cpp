#include "rewrite/linear.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// Told from the Mul, Div, Add or Sub.
std::optional<std::string> fuse(Node& node, const PassContext& context) {
  for (const size_t slot : {0, 1}) {
    Node* producer = node.input(slot) ? node.input(slot)->producer : nullptr;
    if (producer == nullptr || !is_convolution(*producer)) continue;
    if (!node.input(1 - slot) || !node.input(1 - slot)->is_constant()) continue;
    Linear linear;
    if (auto reason = match_linear(producer, context, linear)) return reason;
    ChannelMap map(linear.channels);
    Value* data = nullptr;
    if (auto reason =
            elementwise_map(node, linear.channels, linear.rank, linear.channel_axis, map, data))
      return reason;
    return data == node.input(slot) ? fuse_behind(linear, node, map) : "";
  }
  return "";
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
                .operators = {"Add", "Sub", "Mul", "Div"},
                .rewrite = fuse});
}

}  // namespace acuate
