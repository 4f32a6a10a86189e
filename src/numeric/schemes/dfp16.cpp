#include "numeric/scheme.h"

namespace acuate {

// What NPUs of fixed point compute in where 8 bits are too few.
void register_numeric_dfp16(SchemeRegistry& registry) {
  registry.add({
      .id = "dfp16",
      .doc = "signed 16 bits, dynamic fixed point: scale = 2^-fl, fl = 15 - ceil(log2(max|x|)), "
             "zero point 0",
      .bits = 16,
      .is_signed = true,
      .symmetric = true,
      .power_of_two = true,
  });
}

}  // namespace acuate
