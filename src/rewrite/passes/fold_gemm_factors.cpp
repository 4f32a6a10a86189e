#include <cmath>

#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// The constant times `factor`; nothing where a finite element becomes infinite.
std::optional<Tensor> multiplied(const Tensor& tensor, double factor) {
  Tensor out = Tensor::allocate(ElementType::Float, tensor.shape());
  for (size_t i = 0; i < tensor.values<float>().size(); ++i) {
    const float from = tensor.values<float>()[i];
    const auto to = static_cast<float>(from * factor);
    if (!std::isfinite(to) && std::isfinite(from)) return std::nullopt;
    out.mutable_values<float>()[i] = to;
  }
  return out;
}

// One factor of a Gemm into the constant in `slot`, with a reason where that cannot be.
std::optional<std::string> fold(Node& gemm, const char* name, size_t slot,
                                const PassContext& context) {
  const double factor = gemm.float_attribute(name, 1);
  if (factor == 1) return "";
  Value* operand = gemm.input(slot);
  if (operand == nullptr) {  // beta without C
    gemm.remove_attribute(name);
    return std::nullopt;
  }
  const auto constant = float_constant(operand);
  if (!constant) return std::string("the operand of ") + name + " is not a float32 constant";
  if (operand->uses().size() > 1 && constant->bytes().size() > context.max_folded_bytes)
    return std::string("the operand of ") + name + " serves other nodes too";
  const auto tensor = multiplied(*constant, factor);
  if (!tensor) return std::string(name) + " would take the constant out of the range of float32";
  replace_constant(gemm, slot, *tensor);
  gemm.remove_attribute(name);
  return std::nullopt;
}

std::optional<std::string> fold_factors(Node& node, const PassContext& context) {
  auto alpha = fold(node, "alpha", 1, context);
  auto beta = fold(node, "beta", 2, context);
  if (!alpha || !beta) return std::nullopt;
  return alpha->empty() ? beta : alpha;
}

}  // namespace

void register_rewrite_fold_gemm_factors(PassRegistry& registry) {
  registry.add({.id = "fold_gemm_factors",
                .doc = "Gemm's alpha and beta go into its constant B and C, since many "
                       "accelerators take a Gemm with factors of one alone.",
                .exactness = Exactness::Rounding,
                .bound = "each weight and bias is rounded once: for each output |y' - y| <= (K + "
                         "4) * 2^-23 * (|alpha| * sum |a * b| + |beta * c|), K the number of "
                         "products summed",
                .phase = Phase::Fuse,
                .after = {"fuse_matmul_add"},
                .operators = {"Gemm"},
                .rewrite = fold_factors});
}

}  // namespace acuate
