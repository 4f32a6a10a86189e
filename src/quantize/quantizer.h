#pragma once

#include "quantize/quantize.h"
#include "quantize/recovery.h"

namespace acuate {

// Everything between a float graph and its quantized form but for the choice of recoveries, so that
// a choice can be tried on a few samples.
class Quantizer {
 public:
  // Refers to all of them.
  Quantizer(const Model& model, const Target& target, const RangeChoice& range,
            const QuantizeOptions& options)
      : model_(model), target_(target), range_(range), options_(options) {}

  // With these recoveries, in the order of their phases.
  Result<Quantized> run(const std::vector<const Recovery*>& used, size_t samples,
                        const SampleLoader& load, const Progress& progress = {}) const;

  const Model& model() const { return model_; }
  const Target& target() const { return target_; }
  const QuantizeOptions& options() const { return options_; }

 private:
  const Model& model_;
  const Target& target_;
  const RangeChoice& range_;
  const QuantizeOptions& options_;
};

// Those that the options name; where they name none, each that lowers the noise at the model's
// outputs, tried one after the other: chosen with up to kTrialSamples samples and judged on as many
// others. Their order is that of the phases.
inline constexpr size_t kTrialSamples = 8;
Result<std::vector<RecoveryOutcome>> choose_recovery(const Quantizer& quantizer, size_t samples,
                                                     const SampleLoader& load);

}  // namespace acuate
