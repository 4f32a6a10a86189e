#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.h"
#include "graph/model.h"

namespace acuate {

class ShapeInference;

// Runs a model without inputs and returns its outputs. Handed in by whoever has an engine; rewrite
// knows none.
using Evaluator = std::function<Result<std::vector<Tensor>>(const Model& model)>;

struct PassContext {
  Evaluator evaluate;  // empty: nothing is folded
  // A folded result larger than this, and larger than the constants that it replaces, stays
  // unfolded.
  uint64_t max_folded_bytes = uint64_t{1} << 20;
  // Of the model that is rewritten, kept true before each pass. simplify() and run_pass() make one
  // where the caller has none.
  ShapeInference* shapes = nullptr;
};

// Why a pattern did not apply where it looked as if it could.
struct NoMatch {
  std::string node;
  std::string reason;
};

struct PassOutcome {
  size_t applied = 0;
  std::vector<NoMatch> misses;
};

// `Exact`: the same bits come out. `Rounding`: another order of float operations, within the stated
// bound.
enum class Exactness { Exact, Rounding };

// Phases run in this order; within one, by `after` and then by id, to a fixed point. Passes of
// `Pattern` recognise a larger operator (LayerNormalization, Gelu, …) in what it was written out
// as; they run only where SimplifyOptions::patterns names them, since not every engine wants them.
enum class Phase { Normalize, Fold, Clean, Pattern, Fuse };
std::string_view phase_name(Phase phase);

// One local rewrite. Returns nothing where it applied, the reason where the pattern was there but
// did not fit, and an empty text where it was not there. It may remove the node, and should remove
// what it leaves without a reader (surgery.h, remove_unused).
using LocalRewrite = std::function<std::optional<std::string>(Node& node, const PassContext&)>;

// A pass is either one change of the whole model (`run`), or a local rewrite tried on every node of
// some operators of the standard domain (`operators`, `rewrite`). Local passes that follow each
// other in the running order share one sweep and come to rest together; prefer them.
struct Pass {
  std::string id;
  std::string doc;
  Exactness exactness = Exactness::Exact;
  std::string bound = {};  // of a rounding pass: what it may change, in words and numbers
  Phase phase = Phase::Clean;
  std::vector<std::string> after = {};
  std::function<Result<PassOutcome>(Model&, const PassContext&)> run = {};
  std::vector<std::string_view> operators = {};
  LocalRewrite rewrite = {};
};
using PassRegistry = Registry<Pass>;

void register_all_passes(PassRegistry& registry);
const PassRegistry& passes();

// In running order. A cycle in `after` is our bug.
std::vector<const Pass*> ordered_passes(const PassRegistry& registry);

// What one pass did in one simplify(): summed over rounds.
struct PassRecord {
  std::string id;
  size_t applied = 0;
  double seconds = 0;
  std::vector<NoMatch> misses;  // of its last run, at most 64
};

// The one wrapper: times the passes and holds the model's invariants after them. One pass of the
// whole model, or local ones in one sweep; `records` has one for each.
Result<void> run_passes(std::span<const Pass* const> passes, Model& model,
                        const PassContext& context, std::span<PassRecord> records);
// The same for one pass alone.
Result<PassOutcome> run_pass(const Pass& pass, Model& model, const PassContext& context);

struct SimplifyOptions {
  bool exact_only = false;
  std::set<std::string> disabled = {};  // pass ids
  std::set<std::string> patterns = {};  // ids of phase Pattern that run
};

// All passes, phase by phase, until nothing changes; shapes are inferred before and between rounds.
Result<std::vector<PassRecord>> simplify(Model& model, const PassContext& context,
                                         const SimplifyOptions& options = {});

}  // namespace acuate
