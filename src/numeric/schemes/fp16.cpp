#include "numeric/scheme.h"

namespace acuate {

// A relative step of 2^-10; values beyond 65504 become infinite.
void register_numeric_fp16(SchemeRegistry& registry) {
  registry.add({
      .id = "fp16",
      .doc = "float of 16 bits (IEEE 754 binary16), no scale",
      .bits = 16,
      .is_signed = true,
      .symmetric = true,
      .mantissa_bits = 10,
  });
}

}  // namespace acuate
