#pragma once

#include "convert/convert.h"

namespace acuate {

// `--target auto` and `--precision auto`: every engine that runs here, in every precision that the
// options have data for, is converted to; those that meet --max-drop are timed in turn on this
// machine, and the fastest is the artifact. Its report lists all candidates. Errors: no candidate
// converts, with the reason of each; none meets the conditions.
Result<Conversion> convert_to_fastest(const ConvertOptions& options);

}  // namespace acuate
