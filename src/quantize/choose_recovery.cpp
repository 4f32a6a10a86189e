#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "quantize/output_noise.h"
#include "quantize/quantizer.h"

namespace acuate {
namespace {

std::vector<const Recovery*> in_order_of_phases() {
  std::vector<const Recovery*> all;
  for (const auto phase : {Recovery::Phase::BeforeRanges, Recovery::Phase::Grids,
                           Recovery::Phase::Weights, Recovery::Phase::Biases})
    for (const Recovery& recovery : recoveries().all())
      if (recovery.phase == phase) all.push_back(&recovery);
  return all;
}

}  // namespace

Result<std::vector<RecoveryOutcome>> choose_recovery(const Quantizer& quantizer, size_t samples,
                                                     const SampleLoader& load) {
  std::vector<RecoveryOutcome> outcomes;
  const auto& named = quantizer.options().recover;
  const auto is_named = [&](const std::string& id) {
    return named && std::any_of(named->begin(), named->end(),
                                [&](const std::string& each) { return to_snake_case(each) == id; });
  };
  if (named)
    for (const std::string& id : *named)
      if (auto known = recoveries().find(id, "recovery"); !known && id != "auto")
        return known.error();
  if (named && !is_named("auto")) {
    for (const Recovery* recovery : in_order_of_phases())
      if (is_named(recovery->id)) outcomes.push_back({recovery->id, 0, true, {}});
    return outcomes;
  }
  SampleSubset fitted{{}, load}, judged{{}, load};
  for (size_t i = 0; i < std::min(samples, 2 * kTrialSamples); ++i)
    (i % 2 == 0 ? fitted : judged).indices.push_back(i);
  if (judged.indices.empty()) judged.indices = fitted.indices;

  std::vector<const Recovery*> used;
  const auto attempt = [&](const std::vector<const Recovery*>& chosen) {
    return quantizer.run(chosen, fitted.size(), fitted.loader());
  };
  auto plain = attempt({});
  if (!plain) return plain.error();
  auto noise = OutputNoise::of(quantizer.model(), quantizer.target(), judged,
                               quantizer.options().calibration.threads);
  if (!noise) return noise.error();
  auto best = noise->relative(*plain->model);
  if (!best) return best.error();
  for (const Recovery* recovery : in_order_of_phases()) {
    if (recovery->by_name && !is_named(recovery->id)) continue;
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
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace acuate
