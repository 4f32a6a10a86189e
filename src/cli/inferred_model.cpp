#include "cli/inferred_model.h"

#include <vector>

#include "diagnose/valid_shapes.h"
#include "onnx_io/import.h"

namespace acuate {

Result<InferredModel> open_inferred_model(const std::filesystem::path& path) {
  auto model = import_model(path);
  if (!model) return model.error();
  auto shapes = infer_valid(**model);
  if (!shapes) return shapes.error();
  return InferredModel{std::move(*model), std::move(*shapes)};
}

void keep_until_exit(InferredModel model) {
  static auto* const kept = new std::vector<InferredModel>;
  kept->push_back(std::move(model));
}

}  // namespace acuate
