#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/registry.h"
#include "base/result.h"
#include "graph/graph.h"
#include "targets/engine.h"
#include "targets/quantization.h"

namespace acuate {

struct Availability {
  bool available = false;
  std::string reason;  // where not available: why, and how to get it
  std::string
      file;  // the library or table that is used; also where one was found that does not serve
  std::string version;  // of that file
};

// The three things that a target can do, each of which may be missing alone.
struct TargetStatus {
  Availability diagnose;  // why_not() answers
  Availability build;     // a model can be compiled here
  Availability run;       // load() gives an engine that runs here
};

// The codes of `Reason::id`; each is the id of a finding.
inline constexpr std::string_view kReasonIds[] = {
    "control_flow",          "data_dependent_shape", "dynamic_shape",     "int64_narrowed",
    "non_numeric_value",     "rank_too_high",        "slow_on_target",    "unknown_support",
    "unsupported_attribute", "unsupported_operator", "unsupported_opset", "unsupported_type",
};

// Why a target does not take a node as it stands.
struct Reason {
  std::string id;        // one of kReasonIds
  std::string message;   // one sentence: what the target does not take
  std::string evidence;  // what was seen, and where the knowledge comes from
  bool blocks = true;    // false: the target takes the node, but the user should know
};

// What a vendor's own tools hold against a node of a model that they were shown as a whole.
struct Refusal {
  const Node* node = nullptr;
  Reason reason;
};

// The sizes of an input between which an engine is to work, and those that it is tuned for.
struct ShapeRange {
  std::vector<int64_t> min, opt, max;
};

struct BuildOptions {
  std::map<std::string, ShapeRange> shapes;  // by input, of those with dynamic dimensions
  std::vector<std::string> devices;          // in the vendor's terms, such as "8.6"; empty: its own
                                             // portable form
};

// An engine that was compiled ahead of time, perhaps for another machine.
struct BuiltEngine {
  std::shared_ptr<const std::string> bytes;
  std::string made_by;  // product and version, which the engine belongs to: `TensorRT-RTX 1.7.1`
};

// What a target may ask about a node beyond the node itself.
struct NodeContext {
  // Inferred types where they are kept apart from the graph; without it, and where it returns
  // nothing, Value::type.
  std::function<std::optional<ValueType>(const Value&)> type_of;
};

// What stands behind a target; one object serves the whole process and all threads.
class TargetBackend {
 public:
  virtual ~TargetBackend() = default;
  virtual TargetStatus status() const = 0;
  // Every reason at once; empty: the target takes the node. Meaningful where status().diagnose is
  // available.
  virtual std::vector<Reason> why_not(const Node& node, const NodeContext& context) const = 0;
  // What the target's own tools say of the model as a whole, beyond why_not(): parsers and
  // compilers that can be asked without a device. Nodes of the main graph; each may come several
  // times. Nothing without an override, and where the tools are not there. Errors: they broke down.
  virtual Result<std::vector<Refusal>> probe(const Model& model) const;
  // Which tensors the target quantizes and under which schemes, and its own quantized form of a
  // float graph with encodings, in place (renaming grids, never coarsening them). Without an
  // override: an error that says so.
  virtual Result<QuantizationPlan> plan_quantization(Model& model,
                                                     const QuantizationRequest& request) const;
  virtual Result<void> emit_quantized(Model& model, const Encodings& encodings) const;
  // Compiles a model ahead of time. Nothing without an override: the target compiles what it loads.
  // Errors: it does not take the model, with the node where that can be found.
  virtual Result<std::optional<BuiltEngine>> build(const Model& model,
                                                   const BuildOptions& options) const;
  // Product and version of what build() makes here (BuiltEngine::made_by), the only one that opens
  // such files. Empty without an override: the target has no engine files, what it runs is ONNX.
  // Errors: it has, and what makes them is not here.
  virtual Result<std::string> engine_maker() const;
  // Without an override: an error that says what is missing.
  virtual Result<std::unique_ptr<Engine>> load(const ModelSource& source,
                                               const EngineOptions& options) const;
};

struct Target {
  std::string id;       // `onnxruntime`
  std::string summary;  // one line for `acuate targets`
  std::shared_ptr<const TargetBackend> backend;
  // Passes of phase Pattern that it wants: operators that it takes whole and does not recognise, or
  // quantizes badly, where they are written out.
  std::set<std::string> patterns = {};
  // Of the target that builds and runs in this one's stead; empty: itself.
  std::string stand_in = {};
  // Its engine computes a float32 network in bfloat16 when it is told to
  // (EngineOptions::arithmetic).
  bool computes_in_bfloat16 = false;

  TargetStatus status() const { return backend->status(); }
  std::vector<Reason> why_not(const Node& node, const NodeContext& context = {}) const {
    return backend->why_not(node, context);
  }
  Result<std::unique_ptr<Engine>> load(const ModelSource& source,
                                       const EngineOptions& options = {}) const {
    return backend->load(source, options);
  }
};

using TargetRegistry = Registry<Target>;

// Defined by the build from the folders of src/targets.
void register_all_targets(TargetRegistry& registry);

// All that a target holds against the nodes of one model: why_not() of each, then what probe()
// says.
class ModelVerdict {
 public:
  // Errors: those of probe(). `target` must outlive the verdict.
  static Result<ModelVerdict> of(const Target& target, const Model& model);
  std::vector<Reason> why_not(const Node& node) const;
  bool refuses(const Node& node) const;  // a reason that blocks

 private:
  explicit ModelVerdict(const Target& target) : target_(&target) {}
  const Target* target_;
  std::unordered_multimap<const Node*, Reason> probed_;
};

// The built-in targets, by id.
const TargetRegistry& targets();

// A built-in target by id, a table file by its path (`mine.yaml`), or `auto`: the first target of a
// fixed order that runs here, which is `onnxruntime` in this version. `auto` is a chooser and never
// the id of the result.
Result<Target> resolve_target(std::string_view name);

}  // namespace acuate
