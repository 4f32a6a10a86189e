#pragma once

#include <string>

namespace acuate {

// The processor as the system names it; `unknown` where it does not.
std::string cpu_model();

}  // namespace acuate
