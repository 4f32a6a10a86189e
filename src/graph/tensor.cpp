#include "graph/tensor.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "base/text.h"

namespace acuate {

std::string format_shape(std::span<const int64_t> shape) {
  if (shape.empty()) return "scalar";
  std::vector<std::string> dims;
  for (const int64_t dim : shape) dims.push_back(std::to_string(dim));
  return join(dims, "x");
}

Tensor Tensor::allocate(ElementType type, Shape shape) {
  const auto size_bytes = tensor_size_bytes(type, shape);
  ACUATE_CHECK(size_bytes.has_value(), "a tensor of this type and shape has no stated size");
  constexpr size_t kAlignment = 64;
  const size_t rounded = (*size_bytes + kAlignment) / kAlignment * kAlignment;
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded));
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, rounded);
  Tensor tensor;
  tensor.type_ = type;
  tensor.size_ = *element_count(shape);
  tensor.shape_ = std::move(shape);
  tensor.size_bytes_ = *size_bytes;
  tensor.writable_ = true;
  tensor.data_ = std::shared_ptr<const std::byte>(
      memory, [](const std::byte* p) { std::free(const_cast<std::byte*>(p)); });
  return tensor;
}

Tensor Tensor::view(ElementType type, Shape shape, std::span<const std::byte> bytes,
                    std::shared_ptr<const void> owner) {
  ACUATE_CHECK(tensor_size_bytes(type, shape) == bytes.size(), "the bytes do not fit the shape");
  const size_t alignment = static_cast<size_t>(std::max(1, element_bits(type) / 8));
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignment != 0) {
    Tensor copy = allocate(type, std::move(shape));
    std::memcpy(copy.mutable_bytes().data(), bytes.data(), bytes.size());
    return copy;
  }
  Tensor tensor;
  tensor.type_ = type;
  tensor.size_ = *element_count(shape);
  tensor.shape_ = std::move(shape);
  tensor.size_bytes_ = bytes.size();
  tensor.data_ = std::shared_ptr<const std::byte>(std::move(owner), bytes.data());
  return tensor;
}

Tensor Tensor::reshaped(Shape shape) const {
  ACUATE_CHECK(element_count(shape) == size_, "another number of elements");
  Tensor tensor = *this;
  tensor.shape_ = std::move(shape);
  return tensor;
}

}  // namespace acuate
