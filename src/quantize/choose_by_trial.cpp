#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "quantize/choose_grids.h"
#include "quantize/output_noise.h"
#include "quantize/quantizer.h"

namespace acuate {
namespace {

using Phase = Recovery::Phase;

bool is_named(const std::vector<std::string>& ids, const std::string& id) {
  return std::any_of(ids.begin(), ids.end(),
                     [&](const std::string& each) { return to_snake_case(each) == id; });
}

// In the order of phases: of all recoveries, those with one of these ids; with `auto` among them,
// or without any, also those that need not be named.
Result<std::vector<const Recovery*>> in_order(const std::vector<std::string>& ids, bool automatic) {
  for (const std::string& id : ids)
    if (auto known = recoveries().find(id, "recovery"); !known && id != "auto")
      return known.error();
  std::vector<const Recovery*> found;
  for (const auto phase : {Phase::BeforeRanges, Phase::Grids, Phase::Weights, Phase::Biases})
    for (const Recovery& recovery : recoveries().all())
      if (recovery.phase == phase &&
          (is_named(ids, recovery.id) || (automatic && !recovery.by_name)))
        found.push_back(&recovery);
  return found;
}

bool makes_up_for_grids(const Recovery& recovery) { return recovery.phase >= Phase::Weights; }

// What is used so far, and what the emitted form then does at the outputs.
struct Trial {
  std::vector<const Recovery*> used = {};
  double noise = 0;
  std::vector<RecoveryOutcome> outcomes = {};
};

// Each of the candidates on top of those before it that help.
Result<void> try_each(const Quantizer& quantizer, const std::vector<const Recovery*>& candidates,
                      const SampleSubset& fitted, const OutputNoise& noise, Trial& trial) {
  for (const Recovery* recovery : candidates) {
    std::vector<const Recovery*> chosen = trial.used;
    chosen.push_back(recovery);
    auto quantized = quantizer.run(chosen, fitted.size(), fitted.loader());
    if (!quantized) return quantized.error();
    RecoveryOutcome outcome{recovery->id, quantized->recovery.back().places, false, {}};
    if (outcome.places > 0) {
      auto with = noise.typical(*quantized->model);
      if (!with) return with.error();
      if (*with > 0 && trial.noise > 0) outcome.gain_db = 10 * std::log10(trial.noise / *with);
      if (*with < trial.noise) {
        outcome.used = true;
        trial.used = std::move(chosen);
        trial.noise = *with;
      }
    }
    trial.outcomes.push_back(std::move(outcome));
  }
  return {};
}

// Grids, and what makes up for them: others than the quantizer's own have to win twice, without and
// with recoveries, since these make up for the one grid's noise better than for the other's.
Result<void> try_grids(Quantizer& quantizer, const std::vector<const Recovery*>& candidates,
                       const SampleSubset& fitted, const OutputNoise& noise, Trial& trial,
                       std::vector<GridOutcome>& grids) {
  const Quantizer first = quantizer;
  auto tried = choose_grids(quantizer, trial.used, fitted, noise);
  if (!tried) return tried.error();
  grids = std::move(*tried);
  Trial kept = trial;
  if (auto done = try_each(first, candidates, fitted, noise, kept); !done) return done;
  const auto chosen = std::find_if(grids.begin(), grids.end(),
                                   [](const GridOutcome& outcome) { return outcome.used; });
  if (chosen != grids.end() && chosen != grids.begin()) {
    Trial other = trial;
    other.noise = chosen->noise;
    if (auto done = try_each(quantizer, candidates, fitted, noise, other); !done) return done;
    if (other.noise < kept.noise * kClearGain) {
      kept = std::move(other);
    } else {
      quantizer.set_grids(first.request().scheme, first.range());
      chosen->used = false;
      grids.front().used = true;
    }
  }
  trial = std::move(kept);
  return {};
}

}  // namespace

Result<Choices> choose_by_trial(Quantizer& quantizer, size_t samples, const SampleLoader& load) {
  const auto named = quantizer.options().recover.value_or(std::vector<std::string>{"auto"});
  const bool automatic = is_named(named, "auto");
  auto candidates = in_order(named, automatic);
  if (!candidates) return candidates.error();
  Choices choices;
  if (!automatic)
    for (const Recovery* recovery : *candidates)
      choices.recovery.push_back({recovery->id, 0, true, {}});
  if (!automatic && !grids_are_open(quantizer)) return choices;

  SampleSubset fitted{{}, load}, judged{{}, load};
  for (size_t i = 0; i < std::min(samples, 2 * kTrialSamples); ++i)
    (i % 2 == 0 ? fitted : judged).indices.push_back(i);
  if (judged.indices.empty()) judged.indices = fitted.indices;
  // First, so that a model that cannot be quantized is refused for that.
  auto plain = quantizer.run({}, fitted.size(), fitted.loader());
  if (!plain) return plain.error();
  auto noise = OutputNoise::of(quantizer.model(), quantizer.target(), judged, quantizer.threads());
  if (!noise) return noise.error();
  if (!automatic) {
    auto grids = choose_grids(quantizer, *candidates, fitted, *noise);
    if (!grids) return grids.error();
    choices.grids = std::move(*grids);
    return choices;
  }
  auto before = noise->typical(*plain->model);
  if (!before) return before.error();
  Trial trial{.noise = *before};
  const auto middle =
      std::find_if(candidates->begin(), candidates->end(),
                   [](const Recovery* recovery) { return makes_up_for_grids(*recovery); });
  if (auto done = try_each(quantizer, {candidates->begin(), middle}, fitted, *noise, trial); !done)
    return done.error();
  if (auto done =
          try_grids(quantizer, {middle, candidates->end()}, fitted, *noise, trial, choices.grids);
      !done)
    return done.error();
  choices.recovery = std::move(trial.outcomes);
  return choices;
}

}  // namespace acuate
