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
  // types that inference replaces, metadata of nodes.
  std::vector<std::string> notes;
};

// The edit script that makes `b` of `a`, up to what diff_models does not compare and what `notes`
// tell. Weights that are large or not plain numbers become files in the folder `weights`
// below `context.folder`, which is made when there are any; where `weights` is empty there are
// none. The script is applied to `a` before it is returned, and `left` is the diff of that with
// `b`: bodies of new nodes, functions, texts and a few others are not written. Errors: files that
// cannot be written.
Result<DiffScript> write_diff_script(const Model& a, const Model& b, const EditContext& context,
                                     const std::string& weights);

}  // namespace acuate
