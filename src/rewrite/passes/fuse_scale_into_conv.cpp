#include "rewrite/linear.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// Told from the Mul, Div, Add or Sub.
std::optional<std::string> fuse(Node& node, const PassContext& context) {
  return fuse_constant_behind(node, is_convolution, context);
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
