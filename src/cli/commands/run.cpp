#include <filesystem>
#include <set>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/inputs.h"
#include "cli/models.h"
#include "cli/simulation.h"
#include "data/npy.h"
#include "report/display.h"
#include "targets/simulated_engine.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

struct Flags {
  fs::path model, output;
  InputFlags inputs;
  std::string target = "auto";
  int threads = 0;
  bool simulate = false;
};

// A tensor's name as a file name: characters that paths do not take become `_`.
std::string file_name_of(const std::string& output) {
  std::string name = output.empty() ? "output" : output;
  for (char& c : name)
    if (c == '/' || c == '\\' || c == ':' || c == '\0') c = '_';
  if (name[0] == '.') name[0] = '_';
  return name;
}

// One file for each output, in their order; names that become the same get a number.
std::vector<std::string> file_names(const std::vector<IoSpec>& outputs) {
  std::set<std::string> taken;
  std::vector<std::string> names;
  for (const IoSpec& output : outputs) {
    const std::string stem = file_name_of(output.name);
    std::string name = stem;
    for (int suffix = 1; !taken.insert(name).second; ++suffix)
      name = fmt::format("{}_{}", stem, suffix);
    names.push_back(name + ".npy");
  }
  return names;
}

// How many nodes were computed in integers, and which were not.
void tell_simulation(const Profile& profile, const Console& console, nlohmann::ordered_json& json) {
  size_t integers = 0;
  auto in_float = nlohmann::ordered_json::array();
  std::string lines;
  for (const KernelRecord& kernel : profile.kernels) {
    if (kernel.provider == kIntegers) ++integers;
    if (!kernel.provider.starts_with(kInFloat)) continue;
    const std::string reason = kernel.provider.substr(kInFloat.size());
    in_float.push_back({{"node", kernel.node}, {"kernel", kernel.op_type}, {"reason", reason}});
    lines += printable(fmt::format("  {} ({}): {}", kernel.node, kernel.op_type, reason)) + "\n";
  }
  console.print(fmt::format("Simulated: {} steps in integers, {} in float{}", integers,
                            in_float.size(), in_float.empty() ? "" : ":\n" + lines));
  json["simulation"] = {{"integer_steps", integers}, {"float_steps", in_float}};
}

Action declare(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  app.add_option("MODEL", flags->model, "ONNX model or artifact folder")
      ->required()
      ->type_name("MODEL|DIR");
  flags->inputs.declare(app);
  app.add_option("-o,--output", flags->output, "folder for the outputs, one .npy each")
      ->required()
      ->type_name("DIR");
  app.add_option("--target", flags->target, "engine for a model file; an artifact names its own")
      ->capture_default_str();
  app.add_option("--threads", flags->threads, "of the engine; 0: all")->capture_default_str();
  app.add_flag("--simulate", flags->simulate,
               "compute a quantized model in integers, as docs/simulate.md says; an artifact of a "
               "target that is not here always is");
  auto console = Console::declare(app);
  return [flags, console]() -> Result<int> {
    auto target = resolve_target(flags->target);
    if (!target) return target.error();
    auto runnable =
        flags->simulate
            ? open_simulated(flags->model, *target, {.threads = flags->threads, .profile = true},
                             console->note())
            : open_runnable(flags->model, *target, {.threads = flags->threads}, console->note());
    if (!runnable) return runnable.error();
    auto inputs = read_inputs(flags->inputs, *runnable);
    if (!inputs) return inputs.error();
    auto outputs = runnable->run(*inputs);
    if (!outputs) return outputs.error();
    std::error_code code;
    fs::create_directories(flags->output, code);
    if (code) return fail("cannot create {}: {}", flags->output.string(), code.message());
    nlohmann::ordered_json json = {{"outputs", nlohmann::ordered_json::array()}};
    const std::vector<std::string> names = file_names(runnable->outputs());
    for (size_t i = 0; i < outputs->size(); ++i) {
      const fs::path file = flags->output / names[i];
      if (auto written = write_npy(file, (*outputs)[i]); !written) return written.error();
      console->print(fmt::format("{}: {} {}", file.string(),
                                 element_type_name((*outputs)[i].type()),
                                 format_shape((*outputs)[i].shape())));
      json["outputs"].push_back({{"name", runnable->outputs()[i].name},
                                 {"file", file.string()},
                                 {"type", element_type_name((*outputs)[i].type())},
                                 {"shape", (*outputs)[i].shape()}});
    }
    if (flags->simulate) {
      auto profile = runnable->profile();
      if (!profile) return profile.error();
      tell_simulation(*profile, *console, json);
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
