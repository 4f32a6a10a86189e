#include "export/served_models.h"

#include <algorithm>

#include <fmt/format.h>

#include "evaluate/judge.h"
#include "export/decoder_model.h"
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

// Of the network's image: what its pre-processing makes, or else its first input of four
// dimensions.
ImageSize image_size(const Manifest& manifest) {
  for (const IoSpec& input : manifest.inputs) {
    if (manifest.preprocess)
      if (const auto size = network_image_size(*manifest.preprocess, input.shape)) return *size;
    if (input.shape.size() != 4 || std::count(input.shape.begin(), input.shape.end(), -1) > 0)
      continue;
    return image_input_size(std::vector<Tensor>{Tensor::allocate(input.type, input.shape)});
  }
  return {};
}

Result<void> add_decoder(const ExportRequest& request, ServedModels& served) {
  auto model = decoder_model(request.decoder, request.decoder_options,
                             {served.outputs, image_size(request.manifest)});
  if (!model) return model.error();
  std::vector<IoSpec> inputs, outputs;
  for (const Value* input : (*model)->graph().inputs()) inputs.push_back(io_spec(*input));
  for (const Value* output : (*model)->graph().outputs()) outputs.push_back(io_spec(*output));
  for (const IoSpec& output : outputs)
    for (const ServedModel& other : served.models)
      for (const auto* ports : {&other.inputs, &other.outputs})
        for (const IoSpec& port : *ports)
          if (port.name == output.name)
            return fail("'{}' is a value of the network, and what its decoder gives is called so",
                        port.name);
  served.outputs = outputs;
  served.models.push_back({request.name + "_decoder", "onnxruntime", std::move(*model),
                           std::move(inputs), std::move(outputs)});
  return {};
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
  const bool is_one = manifest.modules.size() == 1 && out.models.empty() && request.decoder.empty();
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
  if (!request.decoder.empty())
    if (auto added = add_decoder(request, out); !added) return added.error();
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
