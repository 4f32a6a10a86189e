#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "quantize/calibrate.h"

namespace acuate {

// What calibration measured, as a file from which ranges can be chosen again without the data: the
// histograms of all tensors in compact binary form, versioned. Equal calibrations give equal bytes.
std::string save_calibration(const Calibration& calibration);
// Refuses whatever save_calibration() cannot have written, with `name` in the message; safe on
// hostile bytes. Which sample was not finite first is not part of the file: it reads 0.
Result<Calibration> load_calibration(std::string_view bytes, std::string_view name);

// Adds other samples of the same tensors, exactly; the number of each comes behind those that are
// there. Errors: the tensors differ.
Result<void> merge_calibration(Calibration& into, const Calibration& other);

// The histograms of `tensors` alone. Errors: one is missing, or has another number of values per
// sample than the model's tensor of that name, so that it is of another model, shape or batch.
Result<Calibration> calibration_for(const Model& model, const std::vector<std::string>& tensors,
                                    const Calibration& measured);

}  // namespace acuate
