#include "targets/fold.h"

#include "onnx_io/export.h"

namespace acuate {

Evaluator make_evaluator(const Target& target) {
  if (!target.status().run.available) return {};
  return [target](const Model& model) -> Result<std::vector<Tensor>> {
    auto bytes = model_bytes(model);
    if (!bytes) return bytes.error();
    auto engine = target.load(ModelSource::memory(as_bytes(*bytes)),
                              {.threads = 1, .optimization = Optimization::None});
    if (!engine) return engine.error();
    return (*engine)->run(std::span<const Tensor>{});
  };
}

}  // namespace acuate
