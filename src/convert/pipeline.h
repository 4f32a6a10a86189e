#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "convert/adapt.h"
#include "convert/convert.h"
#include "convert/division.h"
#include "convert/emit.h"
#include "convert/requirement.h"
#include "convert/samples.h"
#include "convert/signature.h"
#include "quantize/quantize.h"
#include "runtime/artifact.h"

namespace acuate {

struct Judging;

// One conversion under way: what the stages of `convert` hand to each other. A stage reads what
// earlier ones left here and adds its own; convert.cpp has their order.
class Pipeline {
 public:
  explicit Pipeline(const ConvertOptions& options);
  ~Pipeline();

  // Runs all stages. Errors: the first stage that fails; then nothing is left at the output.
  Result<Conversion> run();

 private:
  // The network, as the target can have it: pipeline_network.cpp.
  Result<void> import();
  Result<void> fix_shapes();
  Result<void> simplify_model();
  Result<void> diagnose_model();
  Result<void> simulate_target(const TargetStatus& status);
  Result<void> legalize_model();

  // What becomes of it, and what stands in the folder: pipeline_artifact.cpp.
  Result<void> divide_model();
  Result<void> quantize();
  Result<void> lower();
  Result<void> emit();
  Result<void> compile();
  const Model& emitted_model() const;
  bool in_bfloat16() const;

  // What the artifact is worth, and the report of it: pipeline_proof.cpp.
  Result<void> evaluate();
  Result<void> time();
  Result<void> profile();
  Result<void> write_report();
  Result<void> ask_for_output_kinds();
  void require_coverage();
  Result<std::vector<Tensor>> timing_inputs() const;
  Result<void> tell_simulation(Profile& profile);
  std::string engine_version() const;

  EngineOptions engine_options() const;
  const SampleSet* image_samples() const;

  const ConvertOptions& options_;
  Target target_;
  bool is_simulated_ = false;
  std::optional<AtomicFolder> folder_, plots_;
  std::vector<Requirement> requirements_;
  std::optional<Signature> signature_;
  std::unique_ptr<Judging> judging_;
  std::unique_ptr<Model> original_, fixed_;
  std::unique_ptr<Model> float_;    // simplified: the canonical float graph
  std::unique_ptr<Model> lowered_;  // with 16-bit floats in it; null: without
  Samples samples_;
  std::optional<PadAdapter> adapter_;
  FixOptions fix_options_;
  std::map<std::string, ShapeRange> ranges_;
  bool proposed_ = false;
  std::vector<std::string> edits_;
  Division division_;
  EmittedModules emitted_;
  std::optional<Quantized> quantized_;
  std::optional<Runnable> baseline_, converted_;
  Profile profile_;
  uint64_t converted_bytes_ = 0;
  Report report_;
  std::vector<std::string> unmet_;
  std::string unproven_;  // why nothing of the target itself ran; empty where it did
};

}  // namespace acuate
