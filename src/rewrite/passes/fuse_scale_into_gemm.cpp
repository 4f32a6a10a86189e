#include "rewrite/linear.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// Told from the Mul, Div, Add or Sub.
std::optional<std::string> fuse(Node& node, const PassContext& context) {
  return fuse_constant_behind(node, is_matrix_product, context);
}

}  // namespace

void register_rewrite_fuse_scale_into_gemm(PassRegistry& registry) {
  registry.add(
      {.id = "fuse_scale_into_gemm",
       .doc = "Mul, Div, Add and Sub by a constant (scalar or per column) behind a Gemm or "
              "MatMul with constant weights go into weights and bias; a MatMul of "
              "matrices becomes a Gemm where it gets a bias, others take no bias.",
       .exactness = Exactness::Rounding,
       .bound = "each weight and bias is rounded once more: for each output |y' - y| <= "
                "(K + 4) * 2^-23 * (|alpha| * sum |w * x| * |scale| + |bias * scale| + |shift|), "
                "K the number of products summed",
       .phase = Phase::Fuse,
       .after = {"fuse_batch_norm_into_gemm"},
       .operators = {"Add", "Sub", "Mul", "Div"},
       .rewrite = fuse});
}

}  // namespace acuate
