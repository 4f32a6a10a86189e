#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "graph/model.h"
#include "runtime/artifact.h"

namespace acuate {

// An inner tensor that can be read.
struct ProbePoint {
  std::string name;
  std::string module;       // of its producer; empty: the whole model
  std::string op_type;      // of its producer
  uint64_t size_bytes = 0;  // 0: not known before it runs
};

// A valid model, or an artifact of one module, whose floating-point tensors can be read by name.
// Runs with the engine's graph optimisation off, so that every tensor is there as the graph has it.
class Probe {
 public:
  static Result<Probe> open(const std::filesystem::path& path, const Note& note);

  const Model& model() const { return *model_; }
  const std::vector<ProbePoint>& points() const { return points_; }  // in graph order
  // Makes the tensors readable, outputs of the model always are. Call once.
  Result<void> load(const std::set<std::string>& names, const Target& target, int threads);

  const std::vector<IoSpec>& inputs() const { return engine_->inputs(); }
  const std::vector<std::string>& outputs() const { return outputs_; }
  // Those of load() and outputs alike, in the order of `names`.
  Result<std::vector<Tensor>> read(std::span<const Tensor> inputs,
                                   std::span<const std::string> names);

 private:
  Probe() = default;
  std::unique_ptr<Model> model_;
  std::vector<ProbePoint> points_;
  std::vector<std::string> outputs_;
  std::string bytes_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace acuate
