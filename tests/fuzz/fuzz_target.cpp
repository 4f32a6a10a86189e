#include "fuzz/fuzz_target.h"

#include <cstdio>
#include <cstdlib>

namespace acuate::fuzz {

void fail(std::string_view what, std::string_view message) {
  std::fprintf(stderr, "fuzz: %.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(message.size()), message.data());
  std::abort();
}

}  // namespace acuate::fuzz
