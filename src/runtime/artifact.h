#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "runtime/cost_table.h"
#include "runtime/engine_file.h"
#include "runtime/manifest.h"
#include "targets/target.h"

namespace acuate {

// A converted model that runs: the folder that `convert` wrote. Files are checked against the
// manifest's sizes and hashes when it is opened, engine files against the versions that are here
// (renew_engines), of which `note` is told.
class Artifact {
 public:
  static Result<Artifact> open(const std::filesystem::path& folder,
                               const EngineOptions& options = {}, const Note& note = {});

  const Manifest& manifest() const { return manifest_; }
  const std::vector<IoSpec>& inputs() const { return manifest_.inputs; }
  const std::vector<IoSpec>& outputs() const { return manifest_.outputs; }

  // inputs() with the fixed sizes that adapters pad to: what the modules take themselves.
  std::vector<IoSpec> network_inputs() const;
  // The shape that an image of this size takes as the input, where the manifest's pre-processing
  // makes it: the input's own, and the image's size where an adapter leaves that open.
  Shape image_shape(size_t input, ImageSize image) const;
  // An image file as the only input takes it, by the manifest's pre-processing. Errors: there is
  // none, several inputs, no image.
  Result<Tensor> read_image(const std::filesystem::path& file) const;

  // Inputs in the order of inputs(), results in that of outputs(); images of other sizes go through
  // the manifest's adapters. Modules run in order; tensors
  // pass between them without copies and are given back to the engine that made them after their
  // last reader, so that its arena uses their memory again.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs);
  // Of all engines, one after the other; needs EngineOptions::profile.
  Result<Profile> profile();

 private:
  Artifact() = default;
  Result<void> plan();
  Result<void> check_adapters() const;

  // What a module reads and gives, as places among all tensors of a run.
  struct Step {
    std::vector<size_t> arguments, results;
    std::vector<size_t> last_read;  // nothing after it reads these
  };
  Manifest manifest_;
  std::vector<std::unique_ptr<Engine>> engines_;  // one for each module
  std::vector<Step> steps_;                       // as many
  std::vector<size_t> output_places_;
  size_t places_ = 0;
};

// What an artifact takes by the cost tables of its modules' targets: nodes, calls, and tensors that
// pass from one module to another. Errors: a target without a table, a module that cannot be read.
Result<double> predict_artifact_us(const std::filesystem::path& folder, const Manifest& manifest,
                                   std::span<const CostTable> tables);

// A model file or an artifact folder as something that runs: what `run`, `evaluate`, `compare` and
// `bench` take.
class Runnable {
 public:
  // `target` is used for a model file; an artifact names its own.
  static Result<Runnable> open(const std::filesystem::path& path, const Target& target,
                               const EngineOptions& options = {}, const Note& note = {});
  static Runnable of(std::unique_ptr<Engine> engine);
  const std::vector<IoSpec>& inputs() const {
    return artifact_ ? artifact_->inputs() : engine_->inputs();
  }
  std::vector<IoSpec> network_inputs() const {
    return artifact_ ? artifact_->network_inputs() : engine_->inputs();
  }
  const std::vector<IoSpec>& outputs() const {
    return artifact_ ? artifact_->outputs() : engine_->outputs();
  }
  const Artifact* artifact() const { return artifact_ ? &*artifact_ : nullptr; }
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) {
    return artifact_ ? artifact_->run(inputs) : engine_->run(inputs);
  }
  Result<Profile> profile() { return artifact_ ? artifact_->profile() : engine_->profile(); }

 private:
  Runnable() = default;
  std::optional<Artifact> artifact_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace acuate
