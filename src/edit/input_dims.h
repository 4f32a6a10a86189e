#pragma once

#include <string_view>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// A dimension as scripts write it: a positive number, `?`, or a name (interned in the model).
Result<Dim> parse_dim(Model& model, std::string_view text);

// An input of the main graph that callers feed: a tensor without a default value. Errors list the
// inputs.
Result<Value*> find_input(Model& model, std::string_view name);

}  // namespace acuate
