#include "cli/simulation.h"

#include "cli/models.h"
#include "targets/simulated_engine.h"

namespace acuate {

Result<Runnable> open_simulated(const std::filesystem::path& path, const Target& target,
                                const EngineOptions& options, const Note& note) {
  auto runnable = open_runnable(path, simulated(target), options, note);
  if (!runnable || runnable->artifact() == nullptr) return runnable;
  const std::string& id = runnable->artifact()->manifest().target;
  auto own = resolve_target(id);
  if (!own) return own.error();
  if (!simulates(*own))
    return fail("{} is an artifact for {}, which runs here; --simulate takes the model files in it",
                path.string(), id);
  return runnable;
}

}  // namespace acuate
