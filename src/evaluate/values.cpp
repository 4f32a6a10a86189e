#include "evaluate/values.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace acuate {
namespace {

// IEEE 754 binary16.
double from_half(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f, mantissa = bits & 0x3ff;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 31) return mantissa ? std::nan("") : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(mantissa + 0x400, exponent - 25);
}

double from_bfloat16(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

template <class Stored, class Convert>
std::vector<double> convert(const Tensor& tensor, Convert to_double) {
  std::vector<double> out;
  out.reserve(static_cast<size_t>(tensor.size()));
  for (const Stored value : tensor.values<Stored>()) out.push_back(to_double(value));
  return out;
}

template <class Stored>
std::vector<double> convert(const Tensor& tensor) {
  return convert<Stored>(tensor, [](Stored value) { return static_cast<double>(value); });
}

}  // namespace

Result<std::vector<double>> to_doubles(const Tensor& tensor, std::string_view what) {
  switch (tensor.type()) {
    case ElementType::Float:
      return convert<float>(tensor);
    case ElementType::Double:
      return convert<double>(tensor);
    case ElementType::Float16:
      return convert<uint16_t>(tensor, from_half);
    case ElementType::Bfloat16:
      return convert<uint16_t>(tensor, from_bfloat16);
    case ElementType::Int8:
      return convert<int8_t>(tensor);
    case ElementType::Int16:
      return convert<int16_t>(tensor);
    case ElementType::Int32:
      return convert<int32_t>(tensor);
    case ElementType::Int64:
      return convert<int64_t>(tensor);
    case ElementType::Bool:
    case ElementType::Uint8:
      return convert<uint8_t>(tensor);
    case ElementType::Uint16:
      return convert<uint16_t>(tensor);
    case ElementType::Uint32:
      return convert<uint32_t>(tensor);
    case ElementType::Uint64:
      return convert<uint64_t>(tensor);
    default:
      return fail("{}: cannot compare {} elements; expected numbers", what,
                  element_type_name(tensor.type()));
  }
}

}  // namespace acuate
