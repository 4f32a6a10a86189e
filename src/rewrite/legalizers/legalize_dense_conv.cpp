#include <cstring>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

// [K, N] → [N, K], whatever the type.
Tensor transposed(const Tensor& matrix) {
  const auto rows = static_cast<size_t>(matrix.shape()[0]);
  const auto columns = static_cast<size_t>(matrix.shape()[1]);
  Tensor result = Tensor::allocate(matrix.type(), {matrix.shape()[1], matrix.shape()[0]});
  const size_t size = matrix.bytes().size() / (rows * columns);
  for (size_t row = 0; row < rows; ++row)
    for (size_t column = 0; column < columns; ++column)
      std::memcpy(result.mutable_bytes().data() + (column * rows + row) * size,
                  matrix.bytes().data() + (row * columns + column) * size, size);
  return result;
}

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_floating(node)) return reason;
  Value* x = node.input(0);
  const auto weight = known_tensor(node.input(1));
  if (!weight || weight->shape().size() != 2 || weight->size() == 0)
    return "its right side is not a constant matrix";
  const auto shape = known_shape(x);
  auto result = known_shape(node.output());
  if (!shape || shape->size() < 2 || !result || element_count(*shape).value_or(0) == 0)
    return "its shapes are not known, or empty";
  Value* bias = node.input(2);
  const bool is_turned = node.int_attribute("transB", 0) != 0;
  const int64_t inner = weight->shape()[is_turned ? 1 : 0];
  const int64_t count = weight->shape()[is_turned ? 0 : 1];
  if (node.is_op("Gemm")) {
    if (node.int_attribute("transA", 0) != 0 || node.float_attribute("alpha", 1) != 1 ||
        (bias != nullptr && node.float_attribute("beta", 1) != 1))
      return "it has transA, alpha or beta";
    if (bias != nullptr && known_shape(bias) != Shape{count})
      return "its bias is not one number for each column";
  }
  if (shape->back() != inner) return "its shapes do not fit";
  Expansion out(node, context);
  Value* kernel =
      out.constant((is_turned ? *weight : transposed(*weight)).reshaped({count, inner, 1, 1}));
  std::vector<Value*> inputs = {out.reshape(x, {-1, inner, 1, 1}), kernel};
  if (bias != nullptr) inputs.push_back(bias);
  Value* y = out.add("Conv", inputs, {{"kernel_shape", std::vector<int64_t>{1, 1}}});
  return out.finish(out.reshape(y, *result));
}

}  // namespace

void register_rewrite_legalize_dense_conv(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_dense_conv",
                .doc = "MatMul and Gemm with a constant matrix on the right become a Conv of "
                       "kernel 1x1 between two Reshapes; each row is an image of one pixel.",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= (K + 4) * 2^-22 * (sum |a * b| + |c|) for float32, K the "
                         "number of products summed",
                .operators = {"MatMul", "Gemm"},
                .uses = {"Reshape", "Conv"},
                .rewrite = rewrite});
}

}  // namespace acuate
