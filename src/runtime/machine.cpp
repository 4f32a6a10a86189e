#include "runtime/machine.h"

#include <fstream>

#include "base/text.h"

namespace acuate {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return std::string(trim(line.substr(line.find(':') + 1)));
  return "unknown";
}

}  // namespace acuate
