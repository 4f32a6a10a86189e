#pragma once

#include <filesystem>
#include <memory>

#include "graph/model.h"
#include "shape/inference.h"

namespace acuate {

// A valid model with its shapes, which were inferred to judge it and serve what works on it.
struct InferredModel {
  std::unique_ptr<Model> model;
  std::unique_ptr<ShapeInference> shapes;
};
Result<InferredModel> open_inferred_model(const std::filesystem::path& path);

// For a command that is done with its model: the process ends, and nobody waits for a hundred
// thousand nodes to be taken apart one by one.
void keep_until_exit(InferredModel model);

}  // namespace acuate
