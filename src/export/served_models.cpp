#include "export/served_models.h"

#include <fmt/format.h>

#include "export/preprocess_model.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;

// Of values by their names; a missing one is an error that says what it was to be.
Result<std::vector<IoSpec>> specs_of(const Graph& graph, const std::vector<std::string>& names,
                                     std::string_view what, const std::string& file) {
  std::vector<IoSpec> specs;
  for (const std::string& name : names) {
    const Value* value = graph.find(name);
    if (value == nullptr) return fail("{} has no {} '{}'", file, what, name);
    specs.push_back(io_spec(*value));
  }
  return specs;
}

}  // namespace

Result<ServedModels> served_models(const ExportRequest& request, std::string_view program) {
  const Manifest& manifest = request.manifest;
  for (const ManifestModule& module : manifest.modules)
    if (module.kind != "onnx")
      return fail("module '{}' is of kind {}, which {} cannot run", module.file, module.kind,
                  program);
  if (!manifest.adapters.empty())
    return fail(
        "input '{}' takes images of any size through an adapter, which {} cannot run; convert with "
        "--shape and without --adapter",
        manifest.adapters[0].input, program);
  ServedModels out;
  out.inputs = manifest.inputs;
  out.outputs = manifest.outputs;
  if (manifest.preprocess) {
    if (manifest.inputs.size() != 1)
      return fail("pre-processing is for one image; this artifact has {} inputs",
                  manifest.inputs.size());
    const IoSpec& input = manifest.inputs[0];
    auto model = preprocess_model(*manifest.preprocess, input.shape, input.name);
    if (!model) return model.error();
    out.inputs = {io_spec(*(*model)->graph().inputs()[0])};
    out.models.push_back({request.name + "_preprocess", "onnxruntime", std::move(*model),
                          out.inputs, manifest.inputs});
  }
  const bool is_one = manifest.modules.size() == 1 && out.models.empty();
  for (size_t i = 0; i < manifest.modules.size(); ++i) {
    const ManifestModule& module = manifest.modules[i];
    auto model = import_model(request.artifact / module.file);
    if (!model) return model.error();
    auto inputs = specs_of((*model)->graph(), module.inputs, "input", module.file);
    if (!inputs) return inputs.error();
    auto outputs = specs_of((*model)->graph(), module.outputs, "output", module.file);
    if (!outputs) return outputs.error();
    const std::string name = is_one ? request.name
                             : manifest.modules.size() == 1
                                 ? request.name + "_network"
                                 : fmt::format("{}_{:02}", request.name, i);
    out.models.push_back(
        {name, module.target, std::move(*model), std::move(*inputs), std::move(*outputs)});
  }
  return out;
}

Result<void> write_served_model(const fs::path& folder, const ServedModel& model) {
  const fs::path version = folder / model.name / "1";
  std::error_code code;
  fs::create_directories(version, code);
  if (code) return fail("cannot create {}: {}", version.string(), code.message());
  return save_model(*model.model, version / "model.onnx");
}

}  // namespace acuate
