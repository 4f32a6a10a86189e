#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "edit/command.h"
#include "edit/diff.h"

namespace acuate {

struct DiffScript {
  std::string text;
  // What differs still once the script is applied, as to_lines tells it; empty: nothing.
  std::vector<std::string> left;
  // A sentence each on what the script leaves as it is although it is otherwise in `b`: declared
  // types that contradict what is inferred.
  std::vector<std::string> notes;
};

// The edit script that makes `b` of `a`, up to what diff_models does not compare and what `notes`
// tell. Weights that are large or not plain numbers, bodies and functions become files in the
// folder `weights` below `context.folder`, which is made when there are any; where `weights` is
// empty there are none. Bodies and functions are edited node by node, and as a whole where that
// does not do. The script is applied to `a` before it is returned, and `left` is the diff of that
// with `b`. Errors: files that cannot be written.
Result<DiffScript> write_diff_script(const Model& a, const Model& b, const EditContext& context,
                                     const std::string& weights);

}  // namespace acuate
