#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "graph/element_type.h"

namespace acuate {

using Shape = std::vector<int64_t>;

std::string format_shape(std::span<const int64_t> shape);  // `1x3x640x640`, `scalar`

template <class T>
constexpr ElementType element_type_of();
template <>
constexpr ElementType element_type_of<float>() {
  return ElementType::Float;
}
template <>
constexpr ElementType element_type_of<double>() {
  return ElementType::Double;
}
template <>
constexpr ElementType element_type_of<int8_t>() {
  return ElementType::Int8;
}
template <>
constexpr ElementType element_type_of<uint8_t>() {
  return ElementType::Uint8;
}
template <>
constexpr ElementType element_type_of<int32_t>() {
  return ElementType::Int32;
}
template <>
constexpr ElementType element_type_of<int64_t>() {
  return ElementType::Int64;
}
template <>
constexpr ElementType element_type_of<bool>() {
  return ElementType::Bool;
}

// A dense host tensor: row-major, little-endian, elements narrower than a byte packed low bits
// first (ONNX raw_data). Copies share the bytes. A view keeps its owner (a mapped file, an engine's
// buffer) alive; only allocated tensors are writable.
class Tensor {
 public:
  Tensor() = default;
  // Zero-filled. The shape must be one that tensor_size_bytes can state.
  static Tensor allocate(ElementType type, Shape shape);
  static Tensor view(ElementType type, Shape shape, std::span<const std::byte> bytes,
                     std::shared_ptr<const void> owner);
  template <class T>
  static Tensor of(Shape shape, std::span<const T> values) {
    Tensor tensor = allocate(element_type_of<T>(), std::move(shape));
    ACUATE_CHECK(tensor.values<T>().size() == values.size(), "value count differs from the shape");
    std::copy(values.begin(), values.end(), tensor.mutable_values<T>().begin());
    return tensor;
  }
  template <class T>
  static Tensor of(Shape shape, std::initializer_list<T> values) {
    return of<T>(std::move(shape), std::span<const T>(values.begin(), values.size()));
  }

  ElementType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  int64_t size() const { return size_; }
  std::span<const std::byte> bytes() const { return {data_.get(), size_bytes_}; }
  std::span<std::byte> mutable_bytes() {
    ACUATE_CHECK(writable_, "a view is not writable");
    return {const_cast<std::byte*>(data_.get()), size_bytes_};
  }
  // The elements as T, whose width must be the element's; the bytes are aligned for T.
  template <class T>
  std::span<const T> values() const {
    ACUATE_CHECK(element_bits(type_) == static_cast<int>(sizeof(T) * 8), "element width differs");
    return {reinterpret_cast<const T*>(data_.get()), static_cast<size_t>(size_)};
  }
  template <class T>
  std::span<T> mutable_values() {
    ACUATE_CHECK(writable_ && element_bits(type_) == static_cast<int>(sizeof(T) * 8),
                 "element width differs or not writable");
    return {reinterpret_cast<T*>(const_cast<std::byte*>(data_.get())), static_cast<size_t>(size_)};
  }
  // The same bytes under another shape with as many elements.
  Tensor reshaped(Shape shape) const;

 private:
  ElementType type_ = ElementType::Undefined;
  Shape shape_;
  int64_t size_ = 0;
  size_t size_bytes_ = 0;
  bool writable_ = false;
  std::shared_ptr<const std::byte> data_;
};

}  // namespace acuate
