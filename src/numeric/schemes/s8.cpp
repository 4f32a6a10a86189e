#include "numeric/scheme.h"

namespace acuate {

// The only one that TensorRT 11 accepts; the default. Activations use −128…127, weights the narrow
// range −127…127, so that products of two integers keep to ±127² and no sign is favoured.
void register_numeric_s8(SchemeRegistry& registry) {
  registry.add({
      .id = "s8",
      .doc = "signed 8 bits, symmetric: scale = max|x| / 127, zero point 0",
      .bits = 8,
      .is_signed = true,
      .symmetric = true,
  });
}

}  // namespace acuate
