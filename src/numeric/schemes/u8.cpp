#include "numeric/scheme.h"

namespace acuate {

// One scale per tensor suits NPUs that know no channels; the whole range is used by one-sided
// values too.
void register_numeric_u8(SchemeRegistry& registry) {
  registry.add({
      .id = "u8",
      .doc = "unsigned 8 bits, affine: scale = (max - min) / 255, zero_point = round(-min / scale)",
      .bits = 8,
      .is_signed = false,
      .symmetric = false,
  });
}

}  // namespace acuate
