#pragma once

#include <optional>
#include <string>
#include <vector>

#include "property/generator.h"

namespace acuate::property {

struct Failure {
  std::string property;  // `pass fold_constants`
  std::string what;
};

struct Verdict {
  bool is_valid =
      true;  // false: the engine refuses the model as it is, which says nothing about us
  std::optional<Failure> failure;
  size_t compared = 0;      // models run beside the original
  bool other_runs = false;  // the model took `other_inputs` too
};

// Everything that must hold for a valid model; with `only`, that property alone.
Verdict check(const Case& made, const std::string& only = {});

}  // namespace acuate::property
