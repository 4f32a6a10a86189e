#include "numeric/scheme.h"

namespace acuate {

// For weights alone, mostly in blocks: activations lose too much.
void register_numeric_s4(SchemeRegistry& registry) {
  registry.add({
      .id = "s4",
      .doc = "signed 4 bits, symmetric: scale = max|x| / 7, zero point 0",
      .bits = 4,
      .is_signed = true,
      .symmetric = true,
  });
}

}  // namespace acuate
