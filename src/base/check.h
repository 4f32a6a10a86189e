#pragma once

#include <stdexcept>
#include <string>

namespace acuate {

// Our own bug, never the user's: thrown by ACUATE_CHECK, translated to exit status 3 by the command
// line.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void throw_internal_error(const char* file, int line, const char* condition,
                                       const std::string& message);

}  // namespace acuate

// Holds an invariant of ours; the message is evaluated only on failure.
#define ACUATE_CHECK(condition, message)                                                       \
  do {                                                                                         \
    if (!(condition)) ::acuate::throw_internal_error(__FILE__, __LINE__, #condition, message); \
  } while (false)
