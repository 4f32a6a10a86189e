#include "numeric/scheme.h"

namespace acuate {

// For the few one-sided or shifted tensors that 8 bits damage.
void register_numeric_u16(SchemeRegistry& registry) {
  registry.add({
      .id = "u16",
      .doc =
          "unsigned 16 bits, affine: scale = (max - min) / 65535, zero_point = round(-min / scale)",
      .bits = 16,
      .is_signed = false,
      .symmetric = false,
  });
}

}  // namespace acuate
