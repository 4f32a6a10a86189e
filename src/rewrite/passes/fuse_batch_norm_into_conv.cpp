#include "rewrite/linear.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

std::optional<std::string> fuse(Node& node, const PassContext& context) {
  Node* producer = node.input(0) ? node.input(0)->producer : nullptr;
  if (producer == nullptr || !is_convolution(*producer))
    return "its input is not made by a convolution";
  Linear linear;
  if (auto reason = match_linear(producer, context, linear)) return reason;
  ChannelMap map(linear.channels);
  if (auto reason = batch_norm_map(node, linear.channels, map)) return reason;
  return fuse_behind(linear, node, map);
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
                .operators = {"BatchNormalization"},
                .rewrite = fuse});
}

}  // namespace acuate
