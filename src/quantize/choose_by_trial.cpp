#include <algorithm>
#include <cmath>
#include <functional>

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

using Form = std::function<Result<Quantized>(const std::vector<const Recovery*>& used)>;

// Each of the candidates on top of those before it that help; `form` makes what is judged.
Result<void> try_each(const std::vector<const Recovery*>& candidates, const Form& form,
                      const OutputNoise& noise, Trial& trial) {
  for (const Recovery* recovery : candidates) {
    std::vector<const Recovery*> chosen = trial.used;
    chosen.push_back(recovery);
    auto quantized = form(chosen);
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

class Trials {
 public:
  Trials(Quantizer& quantizer, size_t samples, const SampleLoader& load)
      : quantizer_(quantizer),
        samples_(samples),
        load_(load),
        fitted_{{}, load},
        judged_{{}, load} {
    for (size_t i = 0; i < std::min(samples, 2 * kTrialSamples); ++i)
      (i % 2 == 0 ? fitted_ : judged_).indices.push_back(i);
    if (judged_.indices.empty()) judged_.indices = fitted_.indices;
  }

  // Grids alone: the recoveries are named.
  Result<Choices> run_named(const std::vector<const Recovery*>& named, Choices choices) {
    auto noise = output_noise();
    if (!noise) return noise.error();
    auto measured = measure(named);
    if (!measured) return measured.error();
    auto grids = choose_grids(quantizer_, *measured, named, fitted_, *noise);
    if (!grids) return grids.error();
    choices.grids = std::move(*grids);
    if (auto done = prepare(*measured, named, choices); !done) return done.error();
    return choices;
  }

  Result<Choices> run(const std::vector<const Recovery*>& candidates) {
    // First, so that a model that cannot be quantized is refused for that.
    auto plain = quantizer_.run({}, fitted_.size(), fitted_.loader());
    if (!plain) return plain.error();
    auto noise = output_noise();
    if (!noise) return noise.error();
    auto before = noise->typical(*plain->model);
    if (!before) return before.error();
    Trial trial{.noise = *before};
    const auto middle =
        std::find_if(candidates.begin(), candidates.end(),
                     [](const Recovery* recovery) { return makes_up_for_grids(*recovery); });
    const Form anew = [&](const std::vector<const Recovery*>& used) {
      return quantizer_.run(used, fitted_.size(), fitted_.loader());
    };
    if (auto done = try_each({candidates.begin(), middle}, anew, *noise, trial); !done)
      return done.error();
    auto measured = measure(trial.used);
    if (!measured) return measured.error();
    Choices choices;
    if (auto done = try_grids(*measured, {middle, candidates.end()}, *noise, trial, choices.grids);
        !done)
      return done.error();
    choices.recovery = std::move(trial.outcomes);
    if (auto done = prepare(*measured, trial.used, choices); !done) return done.error();
    return choices;
  }

 private:
  Result<OutputNoise> output_noise() const {
    return OutputNoise::of(quantizer_.model(), quantizer_.target(), judged_, quantizer_.threads());
  }

  Result<Prepared> measure(const std::vector<const Recovery*>& used) const {
    return quantizer_.measure(used, samples_, load_, quantizer_.options().calibration.progress);
  }

  // Of the grids that are chosen now.
  Result<void> prepare(const Prepared& measured, const std::vector<const Recovery*>& used,
                       Choices& choices) const {
    auto prepared = quantizer_.choose_ranges(measured, used, samples_, load_);
    if (!prepared) return prepared.error();
    choices.prepared = std::move(*prepared);
    return {};
  }

  // What makes up for this quantizer's grids.
  Result<void> try_behind(const Quantizer& quantizer, const Prepared& measured,
                          const std::vector<const Recovery*>& candidates, const OutputNoise& noise,
                          Trial& trial) const {
    auto prepared = quantizer.choose_ranges(measured, trial.used, fitted_.size(), fitted_.loader());
    if (!prepared) return prepared.error();
    const Form behind = [&](const std::vector<const Recovery*>& used) {
      return quantizer.finish(*prepared, prepared->encodings, used, fitted_.size(),
                              fitted_.loader());
    };
    auto plain = behind(trial.used);
    if (!plain) return plain.error();
    auto before = noise.typical(*plain->model);
    if (!before) return before.error();
    trial.noise = *before;
    return try_each(candidates, behind, noise, trial);
  }

  // Grids, and what makes up for them: others than the quantizer's own have to win twice, without
  // and with recoveries, since these make up for the one grid's noise better than for the other's.
  Result<void> try_grids(const Prepared& measured, const std::vector<const Recovery*>& candidates,
                         const OutputNoise& noise, Trial& trial, std::vector<GridOutcome>& grids) {
    const Quantizer first = quantizer_;
    auto tried = choose_grids(quantizer_, measured, trial.used, fitted_, noise);
    if (!tried) return tried.error();
    grids = std::move(*tried);
    Trial kept = trial;
    if (auto done = try_behind(first, measured, candidates, noise, kept); !done) return done;
    const auto chosen = std::find_if(grids.begin(), grids.end(),
                                     [](const GridOutcome& outcome) { return outcome.used; });
    if (chosen != grids.end() && chosen != grids.begin()) {
      Trial other = trial;
      if (auto done = try_behind(quantizer_, measured, candidates, noise, other); !done)
        return done;
      if (other.noise < kept.noise * kClearGain) {
        kept = std::move(other);
      } else {
        quantizer_.set_grids(first.request().scheme, first.range());
        chosen->used = false;
        grids.front().used = true;
      }
    }
    trial = std::move(kept);
    return {};
  }

  Quantizer& quantizer_;
  size_t samples_;
  const SampleLoader& load_;
  SampleSubset fitted_, judged_;
};

}  // namespace

Result<Choices> choose_by_trial(Quantizer& quantizer, size_t samples, const SampleLoader& load) {
  const auto named = quantizer.options().recover.value_or(std::vector<std::string>{"auto"});
  const bool automatic = is_named(named, "auto");
  auto candidates = in_order(named, automatic);
  if (!candidates) return candidates.error();
  Trials trials(quantizer, samples, load);
  if (automatic) return trials.run(*candidates);
  Choices choices;
  for (const Recovery* recovery : *candidates)
    choices.recovery.push_back({recovery->id, 0, true, {}});
  if (!grids_are_open(quantizer)) return choices;
  return trials.run_named(*candidates, std::move(choices));
}

}  // namespace acuate
