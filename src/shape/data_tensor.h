#pragma once

#include <functional>
#include <optional>

#include "shape/rule.h"

namespace acuate {

// A small tensor of known shape whose elements are expressions: what rules compute with.
struct DataTensor {
  Shape shape;
  ShapeData data;

  int64_t size() const { return static_cast<int64_t>(data.values.size()); }
};

// The input's data with its shape; nothing where either is not known.
std::optional<DataTensor> data_tensor(const RuleContext& context, size_t slot);
// Sets type and data.
void set_data_tensor(RuleContext& context, size_t slot, ElementType element, DataTensor tensor);

// Elements of integer, boolean and exactly representable float tensors.
std::optional<ShapeData> shape_data_of(const Tensor& tensor);

// Both over one denominator; false where that would grow beyond 2²⁰.
bool common_denominator(ShapeData& a, ShapeData& b);

// Row-major positions in a tensor of shape `from` for each element of `to`, which it broadcasts to.
std::vector<size_t> broadcast_positions(const Shape& from, const Shape& to);
// Axes in another order.
DataTensor transposed(const DataTensor& tensor, std::span<const size_t> permutation);
// The elements at `positions` (each within the axis) of that axis.
DataTensor taken(const DataTensor& tensor, size_t axis, std::span<const int64_t> positions);

}  // namespace acuate
