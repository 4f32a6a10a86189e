#include "shape/macs.h"

namespace acuate {

std::optional<int64_t> multiply_accumulates(const Node& node) {
  const bool conv = node.is_op("Conv"), transposed = node.is_op("ConvTranspose");
  if (!conv && !transposed && !node.is_op("Gemm") && !node.is_op("MatMul")) return 0;
  const Value *x = node.input(0), *w = node.input(1), *y = node.output();
  if (x == nullptr || w == nullptr || y == nullptr) return std::nullopt;
  const auto data = x->type.static_shape(), weight = w->type.static_shape(),
             result = y->type.static_shape();
  if (!data || !weight || !result || data->empty() || weight->empty()) return std::nullopt;
  std::vector<int64_t> factors;
  if (conv) {  // every output element sums over C/group · kernel
    factors = *result;
    factors.insert(factors.end(), weight->begin() + 1, weight->end());
  } else if (transposed) {  // every input element meets M/group · kernel weights
    factors = *data;
    factors.insert(factors.end(), weight->begin() + 1, weight->end());
  } else {
    factors = *result;
    factors.push_back(node.is_op("Gemm") && node.int_attribute("transA", 0) != 0 ? data->front()
                                                                                 : data->back());
  }
  return element_count(factors);
}

}  // namespace acuate
