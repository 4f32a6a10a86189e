#include "rewrite/pass.h"

#include <algorithm>

#include "base/progress.h"
#include "graph/verify.h"
#include "rewrite/origin_modules.h"
#include "rewrite/sweep.h"
#include "shape/inference.h"

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
      const auto is_ready = [&](const Pass* pass) {
        return std::all_of(pass->after.begin(), pass->after.end(),
                           [&](const std::string& id) { return done.count(id) > 0; });
      };
      // Local ones first, so that they share a sweep.
      auto ready = std::find_if(waiting.begin(), waiting.end(),
                                [&](const Pass* pass) { return pass->rewrite && is_ready(pass); });
      if (ready == waiting.end()) ready = std::find_if(waiting.begin(), waiting.end(), is_ready);
      ACUATE_CHECK(ready != waiting.end(),
                   "`after` of pass " + waiting.front()->id + " names an unknown or later pass");
      done.insert((*ready)->id);
      order.push_back(*ready);
      waiting.erase(ready);
    }
  }
  return order;
}

namespace {

// `known` are the loose ends of the model, before and after.
Result<void> run_step(std::span<const Pass* const> passes, Model& model, const PassContext& context,
                      std::span<PassRecord> records, LooseEnds& known) {
  context.shapes->update();
  size_t before = 0, after = 0;
  for (const PassRecord& record : records) before += record.applied;
  if (passes.size() > 1 || passes[0]->rewrite) {
    sweep(passes, model, context, records);
  } else {
    const Stopwatch watch;
    auto outcome = passes[0]->run(model, context);
    if (!outcome) return fail("pass {}: {}", to_kebab_case(passes[0]->id), outcome.error().message);
    if (outcome->misses.size() > kMaxMisses) outcome->misses.resize(kMaxMisses);
    records[0].applied += outcome->applied;
    records[0].seconds += watch.seconds();
    records[0].misses = std::move(outcome->misses);
  }
  for (size_t i = 0; i < passes.size(); ++i) {
    records[i].id = passes[i]->id;
    after += records[i].applied;
  }
  if (after > before) known = check_invariants(model, known);
  return {};
}

}  // namespace

Result<void> run_passes(std::span<const Pass* const> passes, Model& model,
                        const PassContext& context, std::span<PassRecord> records) {
  LooseEnds known = loose_ends(model);
  return run_step(passes, model, context, records, known);
}

Result<PassOutcome> run_pass(const Pass& pass, Model& model, const PassContext& context) {
  std::optional<ShapeInference> own;
  PassContext with_shapes = context;
  if (context.shapes == nullptr) with_shapes.shapes = &own.emplace(model);
  PassRecord record;
  const Pass* const only[] = {&pass};
  const OriginModules modules(model);
  if (auto done = run_passes(only, model, with_shapes, {&record, 1}); !done) return done.error();
  if (record.applied > 0) modules.note(model);
  with_shapes.shapes->update();
  return PassOutcome{record.applied, std::move(record.misses)};
}

namespace {

// Passes that run in one step, and how many changes the model had seen when they came to rest.
struct Step {
  size_t first = 0, count = 0;
  size_t rested_at = SIZE_MAX;
};

std::vector<Step> steps_of(const std::vector<const Pass*>& order) {
  std::vector<Step> steps;
  for (size_t i = 0; i < order.size(); ++i) {
    const bool joins = i > 0 && order[i]->rewrite && order[i - 1]->rewrite &&
                       order[i]->phase == order[i - 1]->phase;
    if (joins)
      ++steps.back().count;
    else
      steps.push_back({i, 1});
  }
  return steps;
}

size_t applied_by(std::span<const PassRecord> records) {
  size_t applied = 0;
  for (const PassRecord& record : records) applied += record.applied;
  return applied;
}

}  // namespace

Result<std::vector<PassRecord>> simplify(Model& model, const PassContext& context,
                                         const SimplifyOptions& options) {
  std::vector<const Pass*> order;
  for (const Pass* pass : ordered_passes(passes()))
    if (options.disabled.count(pass->id) == 0 &&
        (pass->phase != Phase::Pattern || options.patterns.count(pass->id) > 0) &&
        !(options.exact_only && pass->exactness == Exactness::Rounding))
      order.push_back(pass);
  std::vector<PassRecord> records(order.size());
  std::vector<Step> steps = steps_of(order);
  std::optional<ShapeInference> own;
  PassContext with_shapes = context;
  if (context.shapes == nullptr) with_shapes.shapes = &own.emplace(model);
  LooseEnds known = loose_ends(model);
  const OriginModules modules(model);
  for (int round = 0; round < kMaxRounds; ++round) {
    const size_t before = applied_by(records);
    for (Step& step : steps) {
      const size_t changes = applied_by(records);
      if (step.rested_at == changes) continue;  // nothing changed since it found nothing to do
      auto done = run_step(std::span(order).subspan(step.first, step.count), model, with_shapes,
                           std::span(records).subspan(step.first, step.count), known);
      if (!done) return done.error();
      if (applied_by(records) == changes) step.rested_at = changes;
    }
    if (applied_by(records) == before) break;
  }
  modules.note(model);
  with_shapes.shapes->update();
  return records;
}

}  // namespace acuate
