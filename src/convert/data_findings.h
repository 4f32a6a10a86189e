#pragma once

#include <vector>

#include "convert/options.h"
#include "convert/samples.h"
#include "diagnose/finding.h"
#include "graph/model.h"
#include "quantize/calibrate.h"
#include "quantize/quantize.h"
#include "targets/target.h"

namespace acuate {

// What calibration shows of a float model, told on the nodes of the user's (by the names of
// values, which simplification keeps): activation_outliers, mixed_ranges by measured ranges,
// not_finite, calibration_unsettled. A Concat whose operators told of mixed_ranges already gets
// what was measured as further evidence. Linear in tensors and their samples.
void tell_calibration(const Model& original, const Model& float_model,
                      const Calibration& calibration, std::vector<Finding>& told);

// Whether what calibrated is enough for the range methods that chose the grids of activations:
// calibration_too_small, one for each method that needs more samples, or more values of a quarter
// of its tensors or more.
void tell_range_needs(const Quantized& quantized, std::vector<Finding>& told);

// Names of the float32 activations of static shape, inputs first, then in stored order.
std::vector<std::string> float_activations(const Model& model);

// Why a float model cannot be quantized whose calibration met NaN or infinite values: the finding
// not_finite in one sentence. The first such sample, number `sample`, runs again with every
// activation measured, so that the node is told that made the first, and not the first one that was
// to be quantized.
Error explain_non_finite(const Model& original, const Model& float_model, const Target& engine,
                         const SampleSet& samples, size_t sample, const CalibrationOptions& options,
                         const Calibration& met);

// Whether the data look as in training: `channel_order`, by how sure outputs that are
// probabilities or scores are of themselves with the channels in either order, and
// `normalisation`, by what the first convolution makes of the data against the statistics of the
// batch normalization behind it. Runs up to kProbedSamples samples of images, or of arrays that
// look like them; no finding where the model shows neither. `fixed` is the user's model with static
// shapes, not simplified.
inline constexpr size_t kProbedSamples = 16;
Result<std::vector<Finding>> findings_of_inputs(const Model& fixed, const Target& engine,
                                                const SampleSet& samples,
                                                const EngineOptions& options);

// Adds all of these, and those of the samples, to what `diagnose` told, from one pass over the
// samples: every float activation of the fixed and simplified model of known shape is measured. Of
// an unsound model those of the samples alone. Errors: shapes and samples that do not fit.
Result<void> tell_data(const Model& original, const ConvertOptions& options, const Target& engine,
                       Samples samples, std::vector<Finding>& told);

}  // namespace acuate
