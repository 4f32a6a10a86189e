#include <algorithm>
#include <numeric>

#include "quantize/gradient.h"

namespace acuate {
namespace {

Value* swapped(GradientContext& context, Value* x, size_t rank) {
  std::vector<int64_t> permutation(rank);
  std::iota(permutation.begin(), permutation.end(), 0);
  std::swap(permutation[rank - 1], permutation[rank - 2]);
  return context.transpose(x, permutation);
}

// [..., m, k] · [..., k, n]; a vector stands as a row or a column.
std::optional<std::string> matmul(GradientContext& context) {
  const Shape a_shape = context.shape(context.input(0)), b_shape = context.shape(context.input(1));
  const Shape out = context.shape(context.output());
  const bool a_is_vector = a_shape.size() == 1, b_is_vector = b_shape.size() == 1;
  Shape a_matrix = a_shape, b_matrix = b_shape, g_matrix = out;
  if (a_is_vector) a_matrix.insert(a_matrix.begin(), 1);
  if (b_is_vector) b_matrix.push_back(1);
  if (a_is_vector) g_matrix.insert(g_matrix.end() - (b_is_vector ? 0 : 1), 1);
  if (b_is_vector) g_matrix.push_back(1);
  const auto as = [&](Value* x, const Shape& from, const Shape& to) {
    return from == to ? x : context.reshape(x, to);
  };
  Value* g = as(context.gradient(), out, g_matrix);
  // Of a product [batch…, rows, columns] summed to one operand.
  const auto give = [&](size_t slot, Value* x, const Shape& matrix, const Shape& shape) {
    Shape whole(g_matrix.begin(), g_matrix.end() - 2);
    whole.insert(whole.end(), matrix.end() - 2, matrix.end());
    context.give(slot, as(context.sum_to(x, whole, matrix), matrix, shape));
  };
  if (context.wants(0)) {
    Value* b = as(context.input(1), b_shape, b_matrix);
    give(0, context.add("MatMul", {g, swapped(context, b, b_matrix.size())}), a_matrix, a_shape);
  }
  if (context.wants(1)) {
    Value* a = as(context.input(0), a_shape, a_matrix);
    give(1, context.add("MatMul", {swapped(context, a, a_matrix.size()), g}), b_matrix, b_shape);
  }
  return std::nullopt;
}

// y = alpha · A' · B' + beta · C, A' and B' transposed where the attributes say so.
std::optional<std::string> gemm(GradientContext& context) {
  const Node& node = context.node();
  const bool transposes_a = node.int_attribute("transA", 0) != 0;
  const bool transposes_b = node.int_attribute("transB", 0) != 0;
  const float alpha = node.float_attribute("alpha", 1), beta = node.float_attribute("beta", 1);
  Value* g = context.gradient();
  const auto product = [&](Value* x, bool transposes_x, Value* y, bool transposes_y) {
    return context.add(
        "Gemm", {x, y},
        {{"alpha", alpha}, {"transA", int64_t{transposes_x}}, {"transB", int64_t{transposes_y}}});
  };
  if (context.wants(0))
    context.give(0, transposes_a ? product(context.input(1), transposes_b, g, true)
                                 : product(g, false, context.input(1), !transposes_b));
  if (context.wants(1))
    context.give(1, transposes_b ? product(g, true, context.input(0), transposes_a)
                                 : product(context.input(0), !transposes_a, g, false));
  if (context.wants(2))
    context.give(
        2, context.sum_to(beta == 1 ? g : context.scale(g, beta), context.shape(context.output()),
                          context.shape(context.input(2))));
  return std::nullopt;
}

}  // namespace

void register_quantize_matrix_product(GradientRegistry& registry) {
  registry.add({.id = "matrix_product",
                .doc = "MatMul and Gemm, by both factors",
                .operators = {{"Gemm", gemm}, {"MatMul", matmul}}});
}

}  // namespace acuate
