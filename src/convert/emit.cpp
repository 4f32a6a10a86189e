#include "convert/emit.h"

#include <fmt/format.h>

#include "convert/samples.h"
#include "onnx_io/export.h"
#include "partition/cut.h"
#include "runtime/engine_file.h"

namespace acuate {

Result<EmittedModules> emit_modules(const Model& model, const Division& division,
                                    const Target& target, const std::filesystem::path& folder) {
  EmittedModules out;
  const std::string engine = target.stand_in.empty() ? target.id : target.stand_in;
  if (division.is_whole) {
    ManifestModule& module = out.modules.emplace_back();
    module.file = kModuleFile;
    module.target = engine;
    out.on_target.push_back(true);
    for (const Value* input : fed_inputs(model)) module.inputs.emplace_back(input->name);
    for (const Value* output : model.graph().outputs()) module.outputs.emplace_back(output->name);
    if (auto saved = save_model(model, folder / kModuleFile); !saved) return saved.error();
    return out;
  }
  const auto parts =
      divide(model.graph(), [&](const Node& node) { return division.label_of(node); });
  for (const Part& part : parts) {
    const bool on_target = part.label != kHost;
    auto piece = cut_out(model, part);
    if (!piece) return piece.error();
    ManifestModule module;
    module.file = fmt::format("modules/{:02}_{}.onnx", out.modules.size(),
                              on_target ? std::string_view(target.id) : "host");
    module.target = on_target ? engine : kHostEngine;
    for (const Value* input : part.inputs) module.inputs.emplace_back(input->name);
    for (const Value* output : part.outputs) module.outputs.emplace_back(output->name);
    for (const Node* node : part.nodes) out.file_of_node.emplace(node->name(), module.file);
    if (auto saved = save_model(**piece, folder / module.file); !saved) return saved.error();
    out.modules.push_back(std::move(module));
    out.on_target.push_back(on_target);
  }
  return out;
}

Result<ShapeRanges> build_engines(EmittedModules& emitted, const Target& target,
                                  const SizesWithin& sizes, const std::vector<std::string>& devices,
                                  const std::filesystem::path& folder) {
  const Target builder = building_within(target, sizes);
  ShapeRanges built_for;
  for (size_t i = 0; i < emitted.modules.size(); ++i) {
    ManifestModule& module = emitted.modules[i];
    if (!emitted.on_target[i]) continue;
    auto built = build_engine(folder, module, builder, {.shapes = {}, .devices = devices});
    if (!built) return fail("{}: {}", module.file, built.error().message);
    if (!*built) return ShapeRanges();  // it compiles what it loads
    module.engine = std::move(**built);
    built_for.merge(sizes.open_shapes(module.inputs));
  }
  return built_for;
}

Result<void> describe_ports(const std::vector<ManifestModule>& modules, const Model& float_model,
                            const std::filesystem::path& folder, const EngineOptions& options,
                            Manifest& manifest) {
  std::map<std::string, IoSpec> known;
  for (const ManifestModule& module : modules) {
    auto target = resolve_target(module.target);
    if (!target) return target.error();
    auto engine = target->load(ModelSource::file(folder / module.file), options);
    if (!engine)
      return fail("target {} does not take the emitted model {}: {}", module.target, module.file,
                  engine.error().message);
    for (const auto* ports : {&(*engine)->inputs(), &(*engine)->outputs()})
      for (const IoSpec& port : *ports) known.emplace(port.name, port);
  }
  const auto list = [&](const std::vector<Value*>& values, std::vector<IoSpec>& ports) {
    for (const Value* value : values) {
      const auto found = known.find(std::string(value->name));
      ports.push_back(found != known.end() ? found->second : io_spec(*value));
    }
  };
  list(fed_inputs(float_model), manifest.inputs);
  list(float_model.graph().outputs(), manifest.outputs);
  return {};
}

}  // namespace acuate
