#pragma once

#include "quantize/output_noise.h"
#include "quantize/quantizer.h"

namespace acuate {

// Tries schemes of 8 bits and range methods, as far as the options name neither, with the
// recoveries of `used` in place: ranges from what was measured of all samples, so that those are
// judged that will be emitted, by the typical noise of the emitted form at the outputs; recoveries
// that make up for grids are fitted on `fitted`. What the quantizer starts from is left only for a
// clear gain, and where its noise is above a hundredth of a percent of the signal's power at all.
// Sets the quantizer's grids to the best; tells all that it tried. Nothing is tried where both are
// named, where the grids are wider than 8 bits, for a hybrid, which is no 8-bit network, or where
// histograms take the place of samples.
Result<std::vector<GridOutcome>> choose_grids(Quantizer& quantizer, const Prepared& measured,
                                              const std::vector<const Recovery*>& used,
                                              const SampleSubset& fitted, const OutputNoise& noise);

// What a grid has to win against the first, as a factor of noise power: 1 dB. Less is chance on
// eight samples.
inline constexpr double kClearGain = 0.794;

// Whether choose_grids() has anything to try.
bool grids_are_open(const Quantizer& quantizer);

}  // namespace acuate
