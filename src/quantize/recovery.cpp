#include "quantize/recovery.h"

namespace acuate {

const RecoveryRegistry& recoveries() {
  static const RecoveryRegistry registry = [] {
    RecoveryRegistry made;
    register_all_recover(made);
    return made;
  }();
  return registry;
}

}  // namespace acuate
