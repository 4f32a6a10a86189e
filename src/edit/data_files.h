#pragma once

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// Renames the data files of `source` where `target`, which is about to take its weights, has
// another file of that name: `weights.bin` becomes `weights_1.bin` when the result is saved. No
// weight is read. Refused: tensors of attributes in data files of another folder, which stay with
// their model.
Result<void> keep_data_files_apart(Model& source, const Model& target);

}  // namespace acuate
