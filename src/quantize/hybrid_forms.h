#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "quantize/quantizer.h"

namespace acuate {

// Quantized forms of one prepared graph that differ in which activations are wide. What recoveries
// do to a layer depends on the grids of its own data and weights alone, so that it is done twice,
// for all narrow and for all wide, and each form takes its layers from the two: any number of forms
// costs no more samples.
class HybridForms {
 public:
  // Refers to the quantizer and to what is prepared. `wide` has the encodings of activations that
  // may be wide; one that is missing there is float where it is wide.
  static Result<HybridForms> of(const Quantizer& quantizer, const Prepared& prepared,
                                const std::vector<const Recovery*>& used, size_t samples,
                                const SampleLoader& load, Encodings wide);

  // The emitted form with these activations wide.
  Result<Quantized> with(const std::set<std::string, std::less<>>& wide) const;

 private:
  HybridForms(const Quantizer& quantizer, const Prepared& prepared)
      : quantizer_(&quantizer), prepared_(&prepared) {}
  Encodings encodings_with(const std::set<std::string, std::less<>>& wide) const;

  const Quantizer* quantizer_;
  const Prepared* prepared_;
  Encodings wide_;
  Quantized narrow_;  // without models
  GraphChanges narrow_changes_, wide_changes_;
  std::unordered_map<std::string, std::string> data_of_weight_, data_of_node_;
};

}  // namespace acuate
