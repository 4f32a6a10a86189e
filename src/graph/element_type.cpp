#include "graph/element_type.h"

#include <array>

namespace acuate {
namespace {

struct TypeRow {
  std::string_view name;
  int bits;
  bool floating;
};

constexpr std::array<TypeRow, 27> kTypes = {{
    {"undefined", 0, false},     {"float32", 32, true},   {"uint8", 8, false},
    {"int8", 8, false},          {"uint16", 16, false},   {"int16", 16, false},
    {"int32", 32, false},        {"int64", 64, false},    {"string", 0, false},
    {"bool", 8, false},          {"float16", 16, true},   {"float64", 64, true},
    {"uint32", 32, false},       {"uint64", 64, false},   {"complex64", 64, false},
    {"complex128", 128, false},  {"bfloat16", 16, true},  {"float8e4m3fn", 8, true},
    {"float8e4m3fnuz", 8, true}, {"float8e5m2", 8, true}, {"float8e5m2fnuz", 8, true},
    {"uint4", 4, false},         {"int4", 4, false},      {"float4e2m1", 4, true},
    {"float8e8m0", 8, true},     {"uint2", 2, false},     {"int2", 2, false},
}};

const TypeRow& row(ElementType type) {
  const auto index = static_cast<size_t>(type);
  return index < kTypes.size() ? kTypes[index] : kTypes[0];
}

}  // namespace

std::string_view element_type_name(ElementType type) { return row(type).name; }

std::optional<ElementType> parse_element_type(std::string_view name) {
  for (size_t i = 1; i < kTypes.size(); ++i)
    if (kTypes[i].name == name) return static_cast<ElementType>(i);
  return std::nullopt;
}

int element_bits(ElementType type) { return row(type).bits; }
bool is_floating_point(ElementType type) { return row(type).floating; }

std::optional<int64_t> element_count(std::span<const int64_t> shape) {
  int64_t count = 1;
  bool overflow = false;
  bool empty = false;
  for (const int64_t dim : shape) {
    if (dim < 0) return std::nullopt;
    if (dim == 0)
      empty = true;
    else if (__builtin_mul_overflow(count, dim, &count))
      overflow = true;
  }
  if (empty) return 0;
  if (overflow) return std::nullopt;
  return count;
}

std::optional<uint64_t> tensor_size_bytes(ElementType type, std::span<const int64_t> shape) {
  const int bits = element_bits(type);
  const auto count = element_count(shape);
  if (bits == 0 || !count) return std::nullopt;
  uint64_t total_bits = 0;
  if (__builtin_mul_overflow(static_cast<uint64_t>(*count), static_cast<uint64_t>(bits),
                             &total_bits))
    return std::nullopt;
  return total_bits / 8 + (total_bits % 8 != 0 ? 1 : 0);
}

}  // namespace acuate
