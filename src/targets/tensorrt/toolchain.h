#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "graph/model.h"
#include "targets/sizes_within.h"
#include "targets/target.h"
#include "targets/worker.h"

namespace acuate {

// The conversation with NVIDIA's parser and builder, which are Python's (worker.py).
class TensorRtToolchain {
 public:
  // The environment variable that names their interpreter.
  static constexpr const char* kPythonVariable = "ACUATE_TENSORRT_PYTHON";

  using Verdict = std::vector<std::pair<size_t, Reason>>;  // by place of the node
  // The parser's verdict, then the builder's where all sizes are known: it refuses what the parser
  // takes. Both are asked again behind what they refused, and never about the nodes at the places
  // `left_out`, which would only keep them from what lies behind. `sizes` are those of open inputs;
  // without them all only the parser is asked.
  Result<Verdict> ask(const Model& model, const std::vector<size_t>& left_out,
                      const ShapeRanges& sizes);

  // Product and version, as BuiltEngine::made_by has them.
  Result<std::string> engine_maker();

  struct Trial {
    std::optional<BuiltEngine> engine;
    std::string message;         // without an engine: what parser or builder said
    const Node* node = nullptr;  // of the model, where it was named
  };
  // `sizes` are those of the model, or of a larger one that it is a part of. Errors: the worker
  // broke down for another reason than the model, or a dynamic input has no sizes.
  Result<Trial> try_build(const Model& model, const SizesWithin& sizes,
                          const std::vector<std::string>& devices);

 private:
  Result<std::optional<std::pair<std::string, Reason>>> first_that_does_not_build(
      const Model& model, const SizesWithin& sizes);
  Worker& worker();

  std::mutex mutex_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace acuate
