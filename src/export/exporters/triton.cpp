#include <map>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "export/exporter.h"
#include "export/preprocess_model.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "targets/target.h"

// The layout of a model repository and the fields are those of Triton's model_config.proto and of
// its user guide (model repository, model configuration, ensembles).
namespace acuate {
namespace {

namespace fs = std::filesystem;

// As protobuf's text format wants it.
std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\{:03o}", byte);
    else
      out += c;
  }
  return out + "\"";
}

Result<std::string> data_type(const IoSpec& port) {
  static const std::map<ElementType, std::string> kNames = {
      {ElementType::Bool, "TYPE_BOOL"},     {ElementType::Uint8, "TYPE_UINT8"},
      {ElementType::Uint16, "TYPE_UINT16"}, {ElementType::Uint32, "TYPE_UINT32"},
      {ElementType::Uint64, "TYPE_UINT64"}, {ElementType::Int8, "TYPE_INT8"},
      {ElementType::Int16, "TYPE_INT16"},   {ElementType::Int32, "TYPE_INT32"},
      {ElementType::Int64, "TYPE_INT64"},   {ElementType::Float16, "TYPE_FP16"},
      {ElementType::Float, "TYPE_FP32"},    {ElementType::Double, "TYPE_FP64"},
      {ElementType::Bfloat16, "TYPE_BF16"},
  };
  const auto found = kNames.find(port.type);
  if (found == kNames.end())
    return fail("'{}' is {}, a type that Triton has not", port.name, port.text());
  return found->second;
}

Result<std::string> ports(std::string_view field, const std::vector<IoSpec>& specs) {
  std::string text;
  for (const IoSpec& port : specs) {
    if (!port.is_tensor || !port.has_shape)
      return fail("'{}' is no tensor of known rank, which Triton needs", port.name);
    auto type = data_type(port);
    if (!type) return type.error();
    std::vector<std::string> dims;
    for (const int64_t dim : port.shape) dims.push_back(std::to_string(dim));
    // Its dims may not be empty.
    const std::string scalar = port.shape.empty() ? "\n    reshape { shape: [ ] }" : "";
    if (port.shape.empty()) dims.emplace_back("1");
    text +=
        fmt::format("{} [\n  {{\n    name: {}\n    data_type: {}\n    dims: [ {} ]{}\n  }}\n]\n",
                    field, quote(port.name), *type, join(dims, ", "), scalar);
  }
  return text;
}

struct Served {
  std::string name;
  std::vector<std::string> inputs, outputs;
};

class Repository {
 public:
  explicit Repository(const ExportRequest& request) : request_(request) {}

  Result<void> write() {
    const Manifest& manifest = request_.manifest;
    if (auto fits = refuse_what_needs_acuate(manifest, "Triton"); !fits) return fits;
    const bool is_ensemble = manifest.modules.size() > 1 || manifest.preprocess.has_value();
    for (size_t i = 0; i < manifest.modules.size(); ++i) {
      const std::string name = !is_ensemble ? request_.name
                               : manifest.modules.size() == 1
                                   ? request_.name + "_network"
                                   : fmt::format("{}_{:02}", request_.name, i);
      if (auto done = write_module(name, manifest.modules[i]); !done) return done;
    }
    if (!is_ensemble) return {};
    std::vector<IoSpec> inputs = manifest.inputs;
    if (manifest.preprocess)
      if (auto done = write_preprocessing(*manifest.preprocess, inputs); !done) return done;
    return write_ensemble(inputs);
  }

 private:
  Result<void> write_model(const std::string& name, const Model& model, std::string_view backend,
                           const std::vector<IoSpec>& inputs, const std::vector<IoSpec>& outputs) {
    const fs::path folder = request_.output / name / "1";
    std::error_code code;
    fs::create_directories(folder, code);
    if (code) return fail("cannot create {}: {}", folder.string(), code.message());
    if (auto saved = save_model(model, folder / "model.onnx"); !saved) return saved;
    auto read = ports("input", inputs), given = ports("output", outputs);
    if (!read) return read.error();
    if (!given) return given.error();
    return write_text_file(
        request_.output / name / "config.pbtxt",
        fmt::format("name: {}\nbackend: {}\ndefault_model_filename: \"model.onnx\"\n"
                    "max_batch_size: 0\n{}{}instance_group [\n  {{\n    count: 1\n    kind: "
                    "KIND_CPU\n  }}\n]\n",
                    quote(name), quote(backend), *read, *given));
  }

  Result<void> write_module(const std::string& name, const ManifestModule& module) {
    auto model = import_model(request_.artifact / module.file);
    if (!model) return model.error();
    std::vector<IoSpec> inputs, outputs;
    const Graph& graph = (*model)->graph();
    for (const std::string& input : module.inputs) {
      const Value* value = graph.find(input);
      if (value == nullptr) return fail("{} has no input '{}'", module.file, input);
      inputs.push_back(io_spec(*value));
    }
    for (const std::string& output : module.outputs) {
      const Value* value = graph.find(output);
      if (value == nullptr) return fail("{} has no output '{}'", module.file, output);
      outputs.push_back(io_spec(*value));
    }
    // Engines of TensorRT-RTX are none that Triton's tensorrt backend loads; the module itself is.
    const std::string_view backend = module.target == "openvino" ? "openvino" : "onnxruntime";
    served_.push_back({name, module.inputs, module.outputs});
    return write_model(name, **model, backend, inputs, outputs);
  }

  // In front of the only image input; the ensemble then takes `image` in its place.
  Result<void> write_preprocessing(const Preprocess& preprocess, std::vector<IoSpec>& inputs) {
    if (inputs.size() != 1)
      return fail("pre-processing is for one image; this artifact has {} inputs", inputs.size());
    auto model = preprocess_model(preprocess, inputs[0].shape, inputs[0].name);
    if (!model) return model.error();
    const std::vector<IoSpec> outputs = inputs;
    inputs = {io_spec(*(*model)->graph().inputs()[0])};
    const std::string name = request_.name + "_preprocess";
    served_.insert(served_.begin(), {name, {inputs[0].name}, {outputs[0].name}});
    return write_model(name, **model, "onnxruntime", inputs, outputs);
  }

  Result<void> write_ensemble(const std::vector<IoSpec>& inputs) {
    auto read = ports("input", inputs), given = ports("output", request_.manifest.outputs);
    if (!read) return read.error();
    if (!given) return given.error();
    std::string steps;
    for (const Served& model : served_) {
      std::string maps;
      for (const auto& [field, names] :
           {std::pair("input_map", &model.inputs), std::pair("output_map", &model.outputs)})
        for (const std::string& name : *names)
          maps += fmt::format("      {} {{\n        key: {}\n        value: {}\n      }}\n", field,
                              quote(name), quote(name));
      steps += fmt::format("    {{\n      model_name: {}\n      model_version: -1\n{}    }}{}\n",
                           quote(model.name), maps, &model == &served_.back() ? "" : ",");
    }
    std::error_code code;
    fs::create_directories(request_.output / request_.name / "1", code);
    if (code) return fail("cannot create {}: {}", request_.name, code.message());
    return write_text_file(request_.output / request_.name / "config.pbtxt",
                           fmt::format("name: {}\nplatform: \"ensemble\"\nmax_batch_size: 0\n{}{}"
                                       "ensemble_scheduling {{\n  step [\n{}  ]\n}}\n",
                                       quote(request_.name), *read, *given, steps));
  }

  const ExportRequest& request_;
  std::vector<Served> served_;  // in the order of execution
};

}  // namespace

void register_export_triton(ExporterRegistry& registry) {
  registry.add({.id = "triton",
                .summary = "a model repository for NVIDIA's Triton Inference Server",
                .write = [](const ExportRequest& request) { return Repository(request).write(); }});
}

}  // namespace acuate
