#include "simulate/kernel.h"

#include <unordered_map>

namespace acuate {
namespace {

template <class Integer>
void narrow(std::span<const int32_t> values, Integer* out) {
  for (size_t i = 0; i < values.size(); ++i) out[i] = static_cast<Integer>(values[i]);
}

template <class Integer>
std::vector<int32_t> widen(std::span<const Integer> values, int32_t zero_point) {
  std::vector<int32_t> out(values.size());
  for (size_t i = 0; i < values.size(); ++i) out[i] = values[i] - zero_point;
  return out;
}

}  // namespace

Rescale KernelRequest::rescale(double factor) const {
  return {FixedPoint::of(factor), output.zero_point[0], lowest, highest};
}

const KernelFamily* kernel_family(const Node& node) {
  static const KernelRegistry registry = [] {
    KernelRegistry filled;
    register_all_kernels(filled);
    return filled;
  }();
  static const auto by_operator = [] {
    std::unordered_map<std::string_view, const KernelFamily*> index;
    for (const KernelFamily& family : registry.all())
      for (const std::string& name : family.operators) {
        const bool is_new = index.emplace(name, &family).second;
        ACUATE_CHECK(is_new, "two families compute " + name);
      }
    return index;
  }();
  if (!node.domain().empty()) return nullptr;
  const auto found = by_operator.find(node.op_type());
  return found == by_operator.end() ? nullptr : found->second;
}

std::vector<int32_t> centred(const Tensor& integers, const Quantization& grid) {
  const int32_t zero_point = grid.per_channel_axis < 0 ? grid.zero_point[0] : 0;
  switch (integers.type()) {
    case ElementType::Int8:
      return widen(integers.values<int8_t>(), zero_point);
    case ElementType::Uint8:
      return widen(integers.values<uint8_t>(), zero_point);
    case ElementType::Int16:
      return widen(integers.values<int16_t>(), zero_point);
    case ElementType::Uint16:
      return widen(integers.values<uint16_t>(), zero_point);
    default:
      return widen(integers.values<int32_t>(), zero_point);
  }
}

void store(std::span<const int32_t> values, Tensor& out, size_t first) {
  std::byte* const at =
      out.mutable_bytes().data() + first * static_cast<size_t>(element_bits(out.type()) / 8);
  switch (out.type()) {
    case ElementType::Int8:
      return narrow(values, reinterpret_cast<int8_t*>(at));
    case ElementType::Uint8:
      return narrow(values, reinterpret_cast<uint8_t*>(at));
    case ElementType::Int16:
      return narrow(values, reinterpret_cast<int16_t*>(at));
    default:
      return narrow(values, reinterpret_cast<uint16_t*>(at));
  }
}

Tensor integers_of(std::span<const int32_t> values, const Quantization& grid, Shape shape) {
  Tensor out = Tensor::allocate(grid.element_type(), std::move(shape));
  store(values, out, 0);
  return out;
}

}  // namespace acuate
