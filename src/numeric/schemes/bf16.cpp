#include "numeric/scheme.h"

namespace acuate {

// The range of float32 with a relative step of 2^-7.
void register_numeric_bf16(SchemeRegistry& registry) {
  registry.add({
      .id = "bf16",
      .doc = "float of 16 bits with the exponent of float32, no scale",
      .bits = 16,
      .is_signed = true,
      .symmetric = true,
      .mantissa_bits = 7,
  });
}

}  // namespace acuate
