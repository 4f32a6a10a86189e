#include "shape/data_tensor.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace acuate {
namespace {
constexpr int64_t kMaxDenominator = int64_t{1} << 20;
}

std::optional<DataTensor> data_tensor(const RuleContext& context, size_t slot) {
  const ShapeData* data = context.data(slot);
  const Dims* dims = context.shape(slot);
  if (data == nullptr || dims == nullptr) return std::nullopt;
  DataTensor tensor;
  int64_t size = 1;
  for (const Expr& dim : *dims) {
    if (!dim.is_number()) return std::nullopt;
    tensor.shape.push_back(*dim.as_number());
    if (__builtin_mul_overflow(size, tensor.shape.back(), &size)) return std::nullopt;
  }
  if (size != static_cast<int64_t>(data->values.size())) return std::nullopt;
  tensor.data = *data;
  return tensor;
}

void set_data_tensor(RuleContext& context, size_t slot, ElementType element, DataTensor tensor) {
  context.set(slot, element, Dims(tensor.shape.begin(), tensor.shape.end()));
  context.set_data(slot, std::move(tensor.data));
}

std::optional<ShapeData> shape_data_of(const Tensor& tensor) {
  ShapeData data;
  const auto read = [&](const auto values) {
    for (const auto value : values) data.values.emplace_back(static_cast<int64_t>(value));
    return data;
  };
  switch (tensor.type()) {
    case ElementType::Int64:
      return read(tensor.values<int64_t>());
    case ElementType::Int32:
      return read(tensor.values<int32_t>());
    case ElementType::Bool:
      return read(tensor.values<uint8_t>());
    case ElementType::Float:
      break;
    default:
      return std::nullopt;
  }
  const auto values = tensor.values<float>();
  for (; data.denominator <= 4096; data.denominator *= 2) {
    const auto scaled = [&](float value) {
      return static_cast<double>(value) * static_cast<double>(data.denominator);
    };
    if (!std::all_of(values.begin(), values.end(), [&](float value) {
          const double exact = scaled(value);
          return std::abs(exact) < 9e15 && exact == std::floor(exact) &&
                 !(exact == 0 && std::signbit(exact));
        }))
      continue;
    for (const float value : values) data.values.emplace_back(static_cast<int64_t>(scaled(value)));
    return data;
  }
  return std::nullopt;
}

bool common_denominator(ShapeData& a, ShapeData& b) {
  if (a.denominator == b.denominator) return true;
  const int64_t common = std::lcm(a.denominator, b.denominator);
  if (common <= 0 || common > kMaxDenominator) return false;
  for (ShapeData* side : {&a, &b}) {
    for (Expr& value : side->values) value = value * (common / side->denominator);
    side->denominator = common;
  }
  return true;
}

std::vector<size_t> broadcast_positions(const Shape& from, const Shape& to) {
  std::vector<size_t> strides(to.size(), 0);
  size_t stride = 1;
  for (size_t i = 0; i < from.size(); ++i) {
    const size_t axis = from.size() - 1 - i;
    if (from[axis] != 1) strides[to.size() - 1 - i] = stride;
    stride *= static_cast<size_t>(from[axis]);
  }
  size_t total = 1;
  for (const int64_t dim : to) total *= static_cast<size_t>(dim);
  std::vector<size_t> positions(total);
  for (size_t element = 0; element < total; ++element) {
    size_t rest = element, position = 0;
    for (size_t axis = to.size(); axis-- > 0;) {
      position += rest % static_cast<size_t>(to[axis]) * strides[axis];
      rest /= static_cast<size_t>(to[axis]);
    }
    positions[element] = position;
  }
  return positions;
}

DataTensor transposed(const DataTensor& tensor, std::span<const size_t> permutation) {
  const size_t rank = tensor.shape.size();
  std::vector<int64_t> strides(rank, 1);
  for (size_t axis = rank; axis-- > 1;) strides[axis - 1] = strides[axis] * tensor.shape[axis];
  DataTensor out;
  out.data.denominator = tensor.data.denominator;
  for (const size_t axis : permutation) out.shape.push_back(tensor.shape[axis]);
  for (int64_t element = 0; element < tensor.size(); ++element) {
    int64_t rest = element, position = 0;
    for (size_t axis = rank; axis-- > 0;) {
      position += rest % out.shape[axis] * strides[permutation[axis]];
      rest /= out.shape[axis];
    }
    out.data.values.push_back(tensor.data.values[static_cast<size_t>(position)]);
  }
  return out;
}

DataTensor taken(const DataTensor& tensor, size_t axis, std::span<const int64_t> positions) {
  int64_t outer = 1, inner = 1;
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    (i < axis ? outer : inner) *= i == axis ? 1 : tensor.shape[i];
  DataTensor out;
  out.data.denominator = tensor.data.denominator;
  out.shape = tensor.shape;
  out.shape[axis] = static_cast<int64_t>(positions.size());
  for (int64_t block = 0; block < outer; ++block)
    for (const int64_t position : positions)
      for (int64_t i = 0; i < inner; ++i)
        out.data.values.push_back(
            tensor.data
                .values[static_cast<size_t>((block * tensor.shape[axis] + position) * inner + i)]);
  return out;
}

}  // namespace acuate
