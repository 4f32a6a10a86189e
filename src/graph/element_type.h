#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace acuate {

// TensorProto.DataType of the ONNX specification (onnx.proto3), same numbers.
enum class ElementType : int32_t {
  Undefined = 0,
  Float = 1,
  Uint8 = 2,
  Int8 = 3,
  Uint16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  Uint32 = 12,
  Uint64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  Bfloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  Uint4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  Uint2 = 25,
  Int2 = 26,
};

// `float32`, `int64`, …; `undefined` for numbers that the specification does not name.
std::string_view element_type_name(ElementType type);
std::optional<ElementType> parse_element_type(std::string_view name);

// Bits of one element as raw_data stores it; 0 for strings and unknown types, which have no fixed
// width.
int element_bits(ElementType type);
bool is_floating_point(ElementType type);

// Product of the dimensions; nothing where one is negative or the product exceeds 2^63 - 1.
std::optional<int64_t> element_count(std::span<const int64_t> shape);
// Bytes of a dense tensor in raw_data layout (sub-byte elements packed, rounded up); nothing where
// it cannot be stated.
std::optional<uint64_t> tensor_size_bytes(ElementType type, std::span<const int64_t> shape);

}  // namespace acuate
