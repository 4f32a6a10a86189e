#include "numeric/scheme.h"

namespace acuate {

// For NPUs that shift where others multiply; the step is up to twice that of s8.
void register_numeric_dfp8(SchemeRegistry& registry) {
  registry.add({
      .id = "dfp8",
      .doc = "signed 8 bits, dynamic fixed point: scale = 2^-fl, fl = 7 - ceil(log2(max|x|)), zero "
             "point 0",
      .bits = 8,
      .is_signed = true,
      .symmetric = true,
      .power_of_two = true,
  });
}

}  // namespace acuate
