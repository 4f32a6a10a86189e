#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "export/exporter.h"
#include "graph/model.h"

namespace acuate {

// A model that a serving program runs by itself.
struct ServedModel {
  std::string name;
  std::string target;  // that its module was made for
  std::unique_ptr<Model> model;
  std::vector<IoSpec> inputs, outputs;
};

// An artifact as such models, in the order in which they run; values pass between them by name.
struct ServedModels {
  std::vector<ServedModel> models;
  std::vector<IoSpec> inputs, outputs;  // of all together
  // One model that bears the artifact's name; else the name is for what runs them one after the
  // other.
  bool is_one() const { return models.size() == 1; }
};

// The modules of the manifest and, in front of its only input, the pre-processing; behind them the
// decoder that was asked for, whose results then are the outputs. Errors: what `program` cannot run
// (pieces in PyTorch, adapters, decoders that are no arithmetic), ports that a module has not.
Result<ServedModels> served_models(const ExportRequest& request, std::string_view program);

// Writes `folder`/<name>/1/model.onnx, the layout of model repositories.
Result<void> write_served_model(const std::filesystem::path& folder, const ServedModel& model);

}  // namespace acuate
