#pragma once

#include <span>
#include <string>

#include "report/report.h"

// Small drawings; colours and sizes come from report.css by class, so that they follow its light
// and dark variants.
namespace acuate {

// Counts by log height over the union of the histogram and the range: clip lines at the range's
// ends, a line at zero, and in another colour what is clipped. Empty where there is nothing to
// draw.
std::string histogram_svg(const ReportTensor& tensor);

// A bar filled to `fraction` (0…1) in the colour of `tone`, a class of `.bar`.
std::string bar_svg(double fraction, const char* tone);

// The shares of the stages side by side.
std::string stages_svg(std::span<const ReportStage> stages);

// Samples as ticks, the middle half as a box, the median as a line, on the axis [low, high] in ms.
std::string strip_svg(std::span<const double> samples, double low, double high, const char* tone);

}  // namespace acuate
