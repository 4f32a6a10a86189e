#include <map>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "export/served_models.h"

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

Result<void> write_config(const ServedModel& model, const fs::path& repository) {
  auto read = ports("input", model.inputs), given = ports("output", model.outputs);
  if (!read) return read.error();
  if (!given) return given.error();
  // Engines of TensorRT-RTX are none that Triton's tensorrt backend loads; the module itself is
  // run.
  const std::string_view backend = model.target == "openvino" ? "openvino" : "onnxruntime";
  return write_text_file(
      repository / model.name / "config.pbtxt",
      fmt::format("name: {}\nbackend: {}\ndefault_model_filename: \"model.onnx\"\n"
                  "max_batch_size: 0\n{}{}instance_group [\n  {{\n    count: 1\n    kind: "
                  "KIND_CPU\n  }}\n]\n",
                  quote(model.name), quote(backend), *read, *given));
}

Result<void> write_ensemble(const ServedModels& served, const ExportRequest& request) {
  auto read = ports("input", served.inputs), given = ports("output", served.outputs);
  if (!read) return read.error();
  if (!given) return given.error();
  std::vector<std::string> steps;
  for (const ServedModel& model : served.models) {
    std::string maps;
    for (const auto& [field, specs] :
         {std::pair("input_map", &model.inputs), std::pair("output_map", &model.outputs)})
      for (const IoSpec& port : *specs)
        maps += fmt::format("      {} {{\n        key: {}\n        value: {}\n      }}\n", field,
                            quote(port.name), quote(port.name));
    steps.push_back(fmt::format("    {{\n      model_name: {}\n      model_version: -1\n{}    }}",
                                quote(model.name), maps));
  }
  std::error_code code;
  fs::create_directories(request.output / request.name / "1", code);
  if (code) return fail("cannot create {}: {}", request.name, code.message());
  return write_text_file(request.output / request.name / "config.pbtxt",
                         fmt::format("name: {}\nplatform: \"ensemble\"\nmax_batch_size: 0\n{}{}"
                                     "ensemble_scheduling {{\n  step [\n{}\n  ]\n}}\n",
                                     quote(request.name), *read, *given, join(steps, ",\n")));
}

Result<void> write_repository(const ExportRequest& request) {
  auto served = served_models(request, "Triton");
  if (!served) return served.error();
  for (const ServedModel& model : served->models) {
    if (auto done = write_served_model(request.output, model); !done) return done;
    if (auto done = write_config(model, request.output); !done) return done;
  }
  return served->is_one() ? Result<void>() : write_ensemble(*served, request);
}

}  // namespace

void register_export_triton(ExporterRegistry& registry) {
  registry.add({.id = "triton",
                .summary = "a model repository for NVIDIA's Triton Inference Server",
                .write = write_repository,
                .serves_decoders = true});
}

}  // namespace acuate
