#include "graph/constants.h"

#include <bit>
#include <cmath>
#include <limits>

namespace acuate {
namespace {

template <class T>
Extremes of_numbers(std::span<const T> values) {
  Extremes found;
  T low = std::numeric_limits<T>::max(), high = std::numeric_limits<T>::lowest();
  for (const T x : values) {
    if constexpr (std::is_floating_point_v<T>) {
      if (!std::isfinite(x)) {
        ++(std::isnan(x) ? found.nans : found.infinities);
        continue;
      }
    }
    low = std::min(low, x);
    high = std::max(high, x);
  }
  found.finite = static_cast<int64_t>(values.size()) - found.nans - found.infinities;
  if (found.finite > 0) {
    found.low = static_cast<double>(low);
    found.high = static_cast<double>(high);
  }
  return found;
}

// IEEE 754 binary16 and bfloat16: 5 or 8 bits of exponent.
Extremes of_halves(std::span<const uint16_t> values, int exponent_bits) {
  const int mantissa_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const uint16_t mantissa_mask = static_cast<uint16_t>((1 << mantissa_bits) - 1);
  const int top = (1 << exponent_bits) - 1;
  std::vector<double> finite;
  finite.reserve(values.size());
  Extremes odd;
  for (const uint16_t bits : values) {
    const int exponent = bits >> mantissa_bits & top, mantissa = bits & mantissa_mask;
    if (exponent == top) {
      ++(mantissa == 0 ? odd.infinities : odd.nans);
      continue;
    }
    const double size = exponent == 0 ? std::ldexp(mantissa, 1 - bias - mantissa_bits)
                                      : std::ldexp(mantissa + (1 << mantissa_bits),
                                                   exponent - bias - mantissa_bits);
    finite.push_back(bits >> 15 ? -size : size);
  }
  Extremes found = of_numbers<double>(finite);
  found.nans = odd.nans;
  found.infinities = odd.infinities;
  return found;
}

}  // namespace

bool is_constant(const Value& value) {
  return value.is_constant() || value.is_sparse_initializer ||
         (value.producer != nullptr && value.producer->is_op("Constant"));
}

std::optional<Tensor> load_constant(const Model& model, const Value& value) {
  std::optional<TensorRef> ref;
  if (value.is_constant()) {
    ref = value.initializer;
  } else if (value.producer != nullptr && value.producer->is_op("Constant")) {
    const Attribute* attribute = value.producer->attribute("value");
    const auto wire = attribute != nullptr ? attribute->as_tensor() : std::nullopt;
    if (!wire) return std::nullopt;
    auto parsed = parse_tensor(*wire, {});
    if (parsed) ref = std::move(*parsed);
  }
  if (!ref || element_bits(ref->type) == 0) return std::nullopt;
  auto tensor = model.load(*ref);
  return tensor ? std::optional(std::move(*tensor)) : std::nullopt;
}

std::optional<Extremes> extremes(const Tensor& tensor) {
  switch (tensor.type()) {
    case ElementType::Float:
      return of_numbers(tensor.values<float>());
    case ElementType::Double:
      return of_numbers(tensor.values<double>());
    case ElementType::Float16:
      return of_halves(tensor.values<uint16_t>(), 5);
    case ElementType::Bfloat16:
      return of_halves(tensor.values<uint16_t>(), 8);
    case ElementType::Int64:
      return of_numbers(tensor.values<int64_t>());
    case ElementType::Int32:
      return of_numbers(tensor.values<int32_t>());
    case ElementType::Int8:
      return of_numbers(tensor.values<int8_t>());
    case ElementType::Uint8:
      return of_numbers(tensor.values<uint8_t>());
    default:
      return std::nullopt;
  }
}

}  // namespace acuate
