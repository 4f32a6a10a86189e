#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "quantize/hybrid_widths.h"

namespace acuate {

// Quantized forms of one prepared graph that differ in which activations are wide, and with them
// the weights of the layers that read these (HybridLayers). What recoveries do to a layer depends
// on the grids of its own data and weights alone, so that it is done twice, for all narrow and for
// all wide, and each form takes its layers from the two: any number of forms costs no more samples.
class HybridForms {
 public:
  using Names = std::set<std::string, std::less<>>;

  // Refers to what it is given but `wide`, which has the encodings of what may be wide: an
  // activation that is missing there is float where it is wide, a weight stays as it is.
  static Result<HybridForms> of(const Quantizer& quantizer, const Prepared& prepared,
                                const HybridLayers& layers,
                                const std::vector<const Recovery*>& used, size_t samples,
                                const SampleLoader& load, Encodings wide);

  const Encodings& wide() const { return wide_; }
  // The float model of the form that is narrow throughout; once.
  std::unique_ptr<Model> take_narrow() { return std::move(narrow_.float_model); }

  // The emitted form with these activations wide.
  Result<Quantized> with(const Names& wide) const;

 private:
  HybridForms(const Quantizer& quantizer, const Prepared& prepared, const HybridLayers& layers)
      : quantizer_(&quantizer), prepared_(&prepared), layers_(&layers) {}
  // Those of `wide` and the weights that go with them.
  Names with_weights(const Names& wide) const;
  Encodings encodings_with(const Names& wide_and_weights) const;

  const Quantizer* quantizer_;
  const Prepared* prepared_;
  const HybridLayers* layers_;
  Encodings wide_;
  Quantized narrow_;  // without the emitted model
  GraphChanges narrow_changes_, wide_changes_;
  std::unordered_map<std::string, std::string> data_of_node_;
};

}  // namespace acuate
