#include "edit/compare_tensors.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace acuate {
namespace {

// IEEE 754 binary16.
double from_float16(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const double mantissa = bits & 0x3FF;
  const double sign = bits >> 15 != 0 ? -1.0 : 1.0;
  if (exponent == 0x1F)
    return mantissa == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(mantissa + 1024, exponent - 25);
}

// The upper half of a float32.
double from_bfloat16(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

template <class T, class ToDouble>
TensorDifference compare(const Tensor& a, const Tensor& b, ToDouble to_double) {
  TensorDifference out;
  double largest = 0;
  bool comparable = true;
  const auto left = a.values<T>();
  const auto right = b.values<T>();
  for (size_t i = 0; i < left.size(); ++i) {
    if (std::memcmp(&left[i], &right[i], sizeof(T)) == 0) continue;
    ++out.differing;
    const double x = to_double(left[i]), y = to_double(right[i]);
    if ((std::isnan(x) && std::isnan(y)) || x == y) continue;
    const double difference = std::abs(x - y);
    if (std::isfinite(difference))
      largest = std::max(largest, difference);
    else
      comparable = false;
  }
  if (comparable)
    out.max_abs_difference = largest;
  else
    out.reason = "NaN or infinity on one side only";
  return out;
}

template <class T>
TensorDifference compare_numbers(const Tensor& a, const Tensor& b) {
  return compare<T>(a, b, [](T value) { return static_cast<double>(value); });
}

TensorDifference compare_bytes(const Tensor& a, const Tensor& b) {
  TensorDifference out;
  for (size_t i = 0; i < a.bytes().size(); ++i)
    out.differing += a.bytes()[i] != b.bytes()[i] ? 1 : 0;
  if (out.differing == 0)
    out.max_abs_difference = 0;
  else
    out.reason = "values of " + std::string(element_type_name(a.type())) + " are compared by bytes";
  return out;
}

}  // namespace

TensorDifference compare_tensors(const Tensor& a, const Tensor& b) {
  ACUATE_CHECK(a.type() == b.type() && a.shape() == b.shape(), "tensors differ in type or shape");
  switch (a.type()) {
    case ElementType::Float:
      return compare_numbers<float>(a, b);
    case ElementType::Double:
      return compare_numbers<double>(a, b);
    case ElementType::Float16:
      return compare<uint16_t>(a, b, from_float16);
    case ElementType::Bfloat16:
      return compare<uint16_t>(a, b, from_bfloat16);
    case ElementType::Bool:
    case ElementType::Uint8:
      return compare_numbers<uint8_t>(a, b);
    case ElementType::Int8:
      return compare_numbers<int8_t>(a, b);
    case ElementType::Int16:
      return compare_numbers<int16_t>(a, b);
    case ElementType::Uint16:
      return compare_numbers<uint16_t>(a, b);
    case ElementType::Int32:
      return compare_numbers<int32_t>(a, b);
    case ElementType::Uint32:
      return compare_numbers<uint32_t>(a, b);
    case ElementType::Int64:
      return compare_numbers<int64_t>(a, b);
    case ElementType::Uint64:
      return compare_numbers<uint64_t>(a, b);
    default:
      return compare_bytes(a, b);
  }
}

}  // namespace acuate
