#include "rewrite/pass.h"

#include <algorithm>

#include "base/progress.h"
#include "graph/verify.h"
#include "shape/infer.h"

namespace acuate {
namespace {
constexpr int kMaxRounds = 16;  // each round removes something; real models settle in two or three
constexpr size_t kMaxMisses = 64;
}  // namespace

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::Normalize:
      return "normalize";
    case Phase::Fold:
      return "fold";
    case Phase::Clean:
      return "clean";
    case Phase::Pattern:
      return "pattern";
    case Phase::Fuse:
      return "fuse";
  }
  return "";
}

const PassRegistry& passes() {
  static const PassRegistry registry = [] {
    PassRegistry all;
    register_all_passes(all);
    return all;
  }();
  return registry;
}

std::vector<const Pass*> ordered_passes(const PassRegistry& registry) {
  std::vector<const Pass*> order;
  std::set<std::string> done;
  for (const Phase phase :
       {Phase::Normalize, Phase::Fold, Phase::Clean, Phase::Pattern, Phase::Fuse}) {
    std::vector<const Pass*> waiting;
    for (const Pass& pass : registry.all())
      if (pass.phase == phase) waiting.push_back(&pass);
    while (!waiting.empty()) {
      const auto ready = std::find_if(waiting.begin(), waiting.end(), [&](const Pass* pass) {
        return std::all_of(pass->after.begin(), pass->after.end(),
                           [&](const std::string& id) { return done.count(id) > 0; });
      });
      ACUATE_CHECK(ready != waiting.end(),
                   "`after` of pass " + waiting.front()->id + " names an unknown or later pass");
      done.insert((*ready)->id);
      order.push_back(*ready);
      waiting.erase(ready);
    }
  }
  return order;
}

Result<PassOutcome> run_pass(const Pass& pass, Model& model, const PassContext& context,
                             PassRecord* record) {
  const Stopwatch watch;
  auto outcome = pass.run(model, context);
  if (!outcome) return fail("pass {}: {}", to_kebab_case(pass.id), outcome.error().message);
  if (outcome->applied > 0) check_invariants(model);
  if (outcome->misses.size() > kMaxMisses) outcome->misses.resize(kMaxMisses);
  if (record != nullptr) {
    record->id = pass.id;
    record->applied += outcome->applied;
    record->seconds += watch.seconds();
    record->misses = outcome->misses;
  }
  return outcome;
}

Result<std::vector<PassRecord>> simplify(Model& model, const PassContext& context,
                                         const SimplifyOptions& options) {
  std::vector<const Pass*> order;
  for (const Pass* pass : ordered_passes(passes()))
    if (options.disabled.count(pass->id) == 0 &&
        (pass->phase != Phase::Pattern || options.patterns.count(pass->id) > 0) &&
        !(options.exact_only && pass->exactness == Exactness::Rounding))
      order.push_back(pass);
  std::vector<PassRecord> records(order.size());
  for (int round = 0; round < kMaxRounds; ++round) {
    infer_shapes(model);
    size_t applied = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      auto outcome = run_pass(*order[i], model, context, &records[i]);
      if (!outcome) return outcome.error();
      applied += outcome->applied;
    }
    if (applied == 0) break;
  }
  return records;
}

}  // namespace acuate
