#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "data/dataset.h"
#include "data/npy.h"
#include "runtime/artifact.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

struct Flags {
  fs::path model, output;
  std::vector<std::string> inputs;
  std::string target = "auto";
  int threads = 0;
};

// `x=in.npy` for one input, or an image for the only input of an artifact that knows its pre-processing.
Result<Tensor> read_input(const std::string& file, const IoSpec& spec, const Runnable& runnable) {
  if (file.ends_with(".npy")) return read_npy(file);
  const Artifact* artifact = runnable.artifact();
  if (artifact == nullptr || !artifact->manifest().preprocess)
    return fail("input '{}': {} is no .npy file, and only an artifact with stored pre-processing takes images", spec.name, file);
  auto image = read_image(file);
  if (!image) return image.error();
  return preprocess_image(*artifact->manifest().preprocess, *image, spec.shape);
}

Result<std::vector<Tensor>> read_inputs(const Flags& flags, const Runnable& runnable) {
  std::vector<Tensor> tensors(runnable.inputs().size());
  std::vector<bool> given(tensors.size(), false);
  for (const std::string& text : flags.inputs) {
    const size_t equals = text.find('=');
    if (equals == text.npos) return fail("--input '{}': expected NAME=FILE, as in x=in.npy", text);
    const std::string name = text.substr(0, equals);
    std::vector<std::string> names;
    size_t i = 0;
    for (const IoSpec& spec : runnable.inputs()) names.push_back(spec.name);
    while (i < names.size() && names[i] != name) ++i;
    if (i == names.size()) return fail("--input '{}': there is no input '{}'; there are: {}", text, name, join(names, ", "));
    auto tensor = read_input(text.substr(equals + 1), runnable.inputs()[i], runnable);
    if (!tensor) return tensor.error();
    tensors[i] = std::move(*tensor);
    given[i] = true;
  }
  for (size_t i = 0; i < given.size(); ++i)
    if (!given[i]) return fail("no --input for '{}' ({}); give {}=FILE.npy", runnable.inputs()[i].name, runnable.inputs()[i].text(), runnable.inputs()[i].name);
  return tensors;
}

// A tensor's name as a file name: characters that paths do not take become `_`.
std::string file_name_of(const std::string& output) {
  std::string name = output.empty() ? "output" : output;
  for (char& c : name)
    if (c == '/' || c == '\\' || c == ':' || c == '\0') c = '_';
  if (name[0] == '.') name[0] = '_';
  return name + ".npy";
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->model, "ONNX model or artifact folder")->required()->type_name("MODEL|DIR");
  app.add_option("--input", flags->inputs, "content of an input: .npy, or an image for an artifact that stores its pre-processing")->type_name("NAME=FILE");
  app.add_option("-o,--output", flags->output, "folder for the outputs, one .npy each")->required()->type_name("DIR");
  app.add_option("--target", flags->target, "engine for a model file; an artifact names its own")->capture_default_str();
  app.add_option("--threads", flags->threads, "of the engine; 0: all")->capture_default_str();
  auto console = Console::declare(app);
  return [flags, console]() -> Result<int> {
    auto target = resolve_target(flags->target);
    if (!target) return target.error();
    auto runnable = Runnable::open(flags->model, *target, {.threads = flags->threads});
    if (!runnable) return runnable.error();
    auto inputs = read_inputs(*flags, *runnable);
    if (!inputs) return inputs.error();
    auto outputs = runnable->run(*inputs);
    if (!outputs) return outputs.error();
    std::error_code code;
    fs::create_directories(flags->output, code);
    if (code) return fail("cannot create {}: {}", flags->output.string(), code.message());
    nlohmann::ordered_json json = {{"outputs", nlohmann::ordered_json::array()}};
    for (size_t i = 0; i < outputs->size(); ++i) {
      const fs::path file = flags->output / file_name_of(runnable->outputs()[i].name);
      if (auto written = write_npy(file, (*outputs)[i]); !written) return written.error();
      console->print(fmt::format("{}: {} {}", file.string(), element_type_name((*outputs)[i].type()), format_shape((*outputs)[i].shape())));
      json["outputs"].push_back({{"name", runnable->outputs()[i].name}, {"file", file.string()}, {"shape", (*outputs)[i].shape()}});
    }
    if (auto written = console->write_json(json); !written) return written.error();
    return kDone;
  };
}

}  // namespace

void register_cli_run(CliCommandRegistry& registry) {
  registry.add({.id = "run",
                .summary = "run a model or an artifact once, outputs as .npy",
                .examples = "  acuate run model.onnx --input x=in.npy -o outputs\n"
                            "  acuate run artifact/ --input x=page.png -o outputs",
                .declare = declare});
}

}  // namespace acuate
