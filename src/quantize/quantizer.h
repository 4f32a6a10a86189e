#pragma once

#include "quantize/quantize.h"
#include "quantize/recovery.h"

namespace acuate {

// A float graph with its plan and the encodings that were chosen for it.
struct Prepared {
  std::unique_ptr<Model> model;  // after recovery before ranges
  QuantizationPlan plan;         // of this graph
  Calibration calibration;
  Encodings encodings;
  GraphChanges changes;  // of the recoveries
  std::vector<RecoveryOutcome> recovery;
};

// Everything between a float graph and its quantized form but for choices, so that these can be
// tried on a few samples.
class Quantizer {
 public:
  // Refers to all of them.
  Quantizer(const Model& model, const Target& target, const RangeChoice& range,
            const QuantizeOptions& options)
      : model_(model), target_(target), range_(range), options_(options) {}

  // `used` is in the order of phases everywhere. Up to the encodings: recoveries before ranges, one
  // pass over the samples, ranges.
  Result<Prepared> prepare(const std::vector<const Recovery*>& used, size_t samples,
                           const SampleLoader& load, const Progress& progress = {}) const;
  // From there on, with these encodings, of the same graph, in the place of its own: recoveries
  // after ranges, the target's form. The calibration stays where it is.
  Result<Quantized> finish(const Prepared& prepared, const Encodings& encodings,
                           const std::vector<const Recovery*>& used, size_t samples,
                           const SampleLoader& load) const;
  // Both.
  Result<Quantized> run(const std::vector<const Recovery*>& used, size_t samples,
                        const SampleLoader& load, const Progress& progress = {}) const;

  const Model& model() const { return model_; }
  const Target& target() const { return target_; }
  const QuantizeOptions& options() const { return options_; }
  int threads() const { return options_.calibration.threads; }

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
