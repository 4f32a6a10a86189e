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
  // Refers to model, target and options.
  Quantizer(const Model& model, const Target& target, RangeChoice range,
            const QuantizeOptions& options)
      : model_(model),
        target_(target),
        range_(std::move(range)),
        request_(options.request),
        options_(options) {}

  // Other grids than the options', from here on.
  void set_grids(std::string scheme, RangeChoice range) {
    request_.scheme = std::move(scheme);
    range_ = std::move(range);
  }

  // `used` is in the order of phases everywhere. Recoveries before ranges and one pass over the
  // samples; the plan and the encodings are open.
  Result<Prepared> measure(const std::vector<const Recovery*>& used, size_t samples,
                           const SampleLoader& load, const Progress& progress = {}) const;
  // From there up to the encodings, by this quantizer's grids: the plan, recoveries that change it,
  // ranges. What was measured stays where it is, so that other grids can be chosen from it, too.
  Result<Prepared> choose_ranges(const Prepared& measured, const std::vector<const Recovery*>& used,
                                 size_t samples, const SampleLoader& load) const;
  // Both.
  Result<Prepared> prepare(const std::vector<const Recovery*>& used, size_t samples,
                           const SampleLoader& load, const Progress& progress = {}) const;
  // From there on, with these encodings, of the same graph, in the place of its own: recoveries
  // after ranges, the target's form. The calibration stays where it is.
  Result<Quantized> finish(const Prepared& prepared, const Encodings& encodings,
                           const std::vector<const Recovery*>& used, size_t samples,
                           const SampleLoader& load) const;
  // prepare() and finish().
  Result<Quantized> run(const std::vector<const Recovery*>& used, size_t samples,
                        const SampleLoader& load, const Progress& progress = {}) const;

  const Model& model() const { return model_; }
  const Target& target() const { return target_; }
  const RangeChoice& range() const { return range_; }
  const QuantizationRequest& request() const { return request_; }
  const QuantizeOptions& options() const { return options_; }
  int threads() const { return options_.calibration.threads; }

 private:
  const Model& model_;
  const Target& target_;
  RangeChoice range_;
  QuantizationRequest request_;
  const QuantizeOptions& options_;
};

// Recoveries that the options name; where they name none, each that lowers the noise at the model's
// outputs, tried one after the other: chosen with up to kTrialSamples samples and judged on as many
// others. Their order is that of the phases. Between those that change the graph and those that
// make up for grids the quantizer's grids are chosen (choose_grids.h): others than its own stand
// only if they do less with what makes up for them, too. From there on the ranges are those of all
// samples, the ones that are emitted in the end: a few per cent of a scale, which is what other
// samples make, can be 5 dB at the outputs.
inline constexpr size_t kTrialSamples = 8;
struct Choices {
  std::vector<RecoveryOutcome> recovery;
  std::vector<GridOutcome> grids;
  // With all of this on all samples; nothing: nothing was tried.
  std::optional<Prepared> prepared = {};
};
Result<Choices> choose_by_trial(Quantizer& quantizer, size_t samples, const SampleLoader& load);

}  // namespace acuate
