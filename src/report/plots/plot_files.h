#pragma once

#include <filesystem>

#include "base/file.h"
#include "base/result.h"
#include "report/report.h"

namespace acuate {

// A folder for the pictures of quantization, claimed before the work that they show. Errors: there
// is something at that place which is no such folder; one that is gets replaced at the end.
Result<AtomicFolder> create_plots_folder(const std::filesystem::path& destination);

// Writes each picture as one SVG file, whose name begins with its number and holds the tensor's in
// letters, digits, `.`, `-` and `_`; `plots.json`, which says what is what: `file`, `plot`
// (histogram, channels, depth, trade-off) and `tensor`, null for those of all; and `index.html`,
// which shows them. Then commits the folder. A report without quantization is an error.
Result<void> write_plots(const Report& report, AtomicFolder folder);

}  // namespace acuate
