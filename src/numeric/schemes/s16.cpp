#include "numeric/scheme.h"

namespace acuate {

// For the few tensors that 8 bits damage.
void register_numeric_s16(SchemeRegistry& registry) {
  registry.add({
      .id = "s16",
      .doc = "signed 16 bits, symmetric: scale = max|x| / 32767, zero point 0",
      .bits = 16,
      .is_signed = true,
      .symmetric = true,
  });
}

}  // namespace acuate
