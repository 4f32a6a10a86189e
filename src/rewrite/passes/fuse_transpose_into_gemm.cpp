#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

bool is_float(const Value* value) {
  const ElementType type = value->type.element;
  return type == ElementType::Float || type == ElementType::Double || type == ElementType::Float16;
}

// The Transpose that turns the matrix in `slot`; null where none does.
Node* transpose_of(const Node& node, size_t slot) {
  Node* made = node.input(slot) != nullptr ? node.input(slot)->producer : nullptr;
  if (made == nullptr || !made->is_op("Transpose") || made->input(0) == nullptr) return nullptr;
  if (rank_of(made->input(0)) != 2) return nullptr;
  const auto perm = made->ints_attribute("perm");
  return perm.empty() || perm == std::vector<int64_t>{1, 0} ? made : nullptr;
}

// Told from the Gemm or the MatMul of matrices.
std::optional<std::string> fuse(Node& node, const PassContext&) {
  Node* const turned[] = {transpose_of(node, 0), transpose_of(node, 1)};
  if (turned[0] == nullptr && turned[1] == nullptr) return "";
  if (node.is_op("MatMul")) {
    if (node.graph().model().opset_version() < 11) return "a Gemm without C needs opset 11";
    if (rank_of(node.input(0)) != 2 || rank_of(node.input(1)) != 2 || !is_float(node.input(0)))
      return "the product is not one of matrices of a float type, which Gemm needs";
    node.set_op_type("Gemm");
  }
  const char* const names[] = {"transA", "transB"};
  for (const size_t slot : {0, 1}) {
    Node* transpose = turned[slot];
    if (transpose == nullptr) continue;
    const auto both = merged_origins(node, *transpose);
    Value& before = *node.input(slot);
    node.set_input(slot, transpose->input(0));
    const bool was = node.int_attribute(names[slot], 0) != 0;
    node.set_attribute(encode_attribute(names[slot], int64_t{was ? 0 : 1}));
    set_origins(node, both);
    remove_unused(before);
  }
  return std::nullopt;
}

}  // namespace

void register_rewrite_fuse_transpose_into_gemm(PassRegistry& registry) {
  registry.add({.id = "fuse_transpose_into_gemm",
                .doc = "A Transpose of a matrix in front of a Gemm becomes its transA or transB; a "
                       "MatMul of matrices becomes a Gemm by that.",
                .exactness = Exactness::Rounding,
                .bound = "an engine may sum in another order: for each output |y' - y| <= K * "
                         "2^-23 * |alpha| * sum |a * b|, K the number of products summed; 2^-10 "
                         "and 2^-52 in place of 2^-23 for float16 and float64",
                .phase = Phase::Fuse,
                .after = {},
                .operators = {"Gemm", "MatMul"},
                .rewrite = fuse});
}

}  // namespace acuate
