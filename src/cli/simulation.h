#pragma once

#include "runtime/artifact.h"

namespace acuate {

// `--simulate`: a quantized model, or an artifact of a target that is simulated, as something that
// runs. Errors: an artifact whose target runs here.
Result<Runnable> open_simulated(const std::filesystem::path& path, const Target& target,
                                const EngineOptions& options, const Note& note);

}  // namespace acuate
