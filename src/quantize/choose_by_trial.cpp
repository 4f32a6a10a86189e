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
  const auto attempt = [&](const std::vector<const Recovery*>& chosen) {
    return quantizer.run(chosen, fitted.size(), fitted.loader());
  };
  // First, so that a model that cannot be quantized is refused for that.
  auto plain = attempt({});
  if (!plain) return plain.error();
  auto noise = OutputNoise::of(quantizer.model(), quantizer.target(), judged, quantizer.threads());
  if (!noise) return noise.error();
  if (!automatic) {
    auto grids = choose_grids(quantizer, *candidates, fitted, *noise);
    if (!grids) return grids.error();
    choices.grids = std::move(*grids);
    return choices;
  }

  auto best = noise->relative(*plain->model);
  if (!best) return best.error();
  std::vector<const Recovery*> used;
  const auto try_grids = [&]() -> Result<void> {
    auto grids = choose_grids(quantizer, used, fitted, *noise);
    if (!grids) return grids.error();
    choices.grids = std::move(*grids);
    for (const GridOutcome& outcome : choices.grids)
      if (outcome.used) best = outcome.noise;
    return {};
  };
  bool grids_tried = false;
  for (const Recovery* recovery : *candidates) {
    if (makes_up_for_grids(*recovery) && !std::exchange(grids_tried, true))
      if (auto done = try_grids(); !done) return done.error();
    std::vector<const Recovery*> chosen = used;
    chosen.push_back(recovery);
    auto quantized = attempt(chosen);
    if (!quantized) return quantized.error();
    RecoveryOutcome outcome{recovery->id, quantized->recovery.back().places, false, {}};
    if (outcome.places > 0) {
      auto with = noise->relative(*quantized->model);
      if (!with) return with.error();
      if (*with > 0 && *best > 0) outcome.gain_db = 10 * std::log10(*best / *with);
      if (*with < *best) {
        outcome.used = true;
        used = std::move(chosen);
        best = with;
      }
    }
    choices.recovery.push_back(std::move(outcome));
  }
  return choices;
}

}  // namespace acuate
