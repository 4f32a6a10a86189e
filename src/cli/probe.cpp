#include "cli/probe.h"

#include "cli/models.h"
#include "graph/module_tree.h"
#include "onnx_io/export.h"
#include "shape/infer.h"

namespace acuate {
namespace fs = std::filesystem;

Result<Probe> Probe::open(const fs::path& path, const Note& note) {
  fs::path file = path;
  std::error_code code;
  if (fs::is_directory(path, code)) {
    auto artifact = Artifact::open(path, {}, note);
    if (!artifact) return artifact.error();
    const std::vector<ManifestModule>& modules = artifact->manifest().modules;
    if (modules.size() != 1)
      return fail("{} consists of {} modules; inner tensors can be read of one alone",
                  path.string(), modules.size());
    file = path / modules[0].file;
  }
  auto model = open_valid_model(file);
  if (!model) return model.error();
  Probe probe;
  probe.model_ = std::move(*model);
  infer_shapes(*probe.model_);
  const ModelModuleTree tree = ModelModuleTree::of(*probe.model_);
  const Graph& graph = probe.model_->graph();
  for (const Node* node = graph.first(); node != nullptr; node = node->next())
    for (const Value* value : node->outputs()) {
      if (value == nullptr || value->type.kind != ValueType::Kind::Tensor) continue;
      if (!is_floating_point(value->type.element)) continue;
      const auto shape = value->type.static_shape();
      probe.points_.push_back(
          {std::string(value->name), tree.module_of(*node).path, std::string(node->op_type()),
           shape ? tensor_size_bytes(value->type.element, *shape).value_or(0) : 0});
    }
  for (const Value* output : graph.outputs()) probe.outputs_.emplace_back(output->name);
  return probe;
}

Result<void> Probe::load(const std::set<std::string>& names, const Target& target, int threads) {
  Graph& graph = model_->graph();
  for (const std::string& name : names) {
    Value* value = graph.find(name);
    ACUATE_CHECK(value != nullptr, "a point that the model does not have");
    if (!value->is_output()) graph.add_output(*value);
  }
  for (Value* output : graph.outputs()) graph.set_type(*output, output->type);
  auto bytes = model_bytes(*model_);
  if (!bytes) return bytes.error();
  bytes_ = std::move(*bytes);
  auto engine = target.load(ModelSource::memory(as_bytes(bytes_)),
                            {.threads = threads, .optimization = Optimization::None});
  if (!engine) return fail("{}: {}", model_->path().string(), engine.error().message);
  engine_ = std::move(*engine);
  return {};
}

Result<std::vector<Tensor>> Probe::read(std::span<const Tensor> inputs,
                                        std::span<const std::string> names) {
  return engine_->run(inputs, names);
}

}  // namespace acuate
