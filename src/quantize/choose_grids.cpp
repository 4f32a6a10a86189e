#include "quantize/choose_grids.h"

#include <algorithm>

namespace acuate {
namespace {

// Noise below it harms nobody, and what differs there is chance: the first grids stand.
constexpr double kQuiet = 1e-4;

// Of the activations as the plan has them, as it differs from that of others.
std::vector<std::string> schemes_of(const QuantizationPlan& plan) {
  std::vector<std::string> all;
  for (const PlannedActivation& planned : plan.activations) all.push_back(planned.scheme);
  return all;
}

// Of the scheme that is named, or of each that the target takes and plans differently.
std::vector<std::string> open_schemes(const Quantizer& quantizer, const Model& model) {
  const std::string named = quantizer.request().scheme;
  if (!named.empty()) return {named};
  std::vector<std::string> open;
  std::vector<std::vector<std::string>> seen;
  const auto copy = model.clone();
  for (const char* scheme : {"", "u8", "s8"}) {
    QuantizationRequest request = quantizer.request();
    request.scheme = scheme;
    const auto plan = quantizer.target().backend->plan_quantization(*copy, request);
    if (!plan) continue;  // a scheme that the target does not take
    auto planned = schemes_of(*plan);
    if (std::find(seen.begin(), seen.end(), planned) != seen.end()) continue;
    seen.push_back(std::move(planned));
    open.emplace_back(scheme);
  }
  return open;
}

}  // namespace

bool grids_are_open(const Quantizer& quantizer) {
  const QuantizeOptions& options = quantizer.options();
  if (!options.range.empty() || options.measured != nullptr) return false;
  // What wins in 8 bits throughout need not where the tensors that it serves best are promoted.
  if (!options.hybrid.empty()) return false;
  const Scheme* named = schemes().lookup(quantizer.request().scheme);
  return named == nullptr || (named->bits == 8 && !named->is_float());
}

Result<std::vector<GridOutcome>> choose_grids(Quantizer& quantizer, const Prepared& measured,
                                              const std::vector<const Recovery*>& used,
                                              const SampleSubset& fitted,
                                              const OutputNoise& noise) {
  std::vector<GridOutcome> outcomes;
  if (!grids_are_open(quantizer)) return outcomes;
  size_t best = 0;
  const auto attempt = [&](const std::string& scheme, const char* range) -> Result<void> {
    auto method = parse_range_method(range);
    if (!method) return method.error();
    Quantizer candidate = quantizer;
    candidate.set_grids(scheme, *method);
    auto prepared = candidate.choose_ranges(measured, used, fitted.size(), fitted.loader());
    if (!prepared) return prepared.error();
    auto quantized =
        candidate.finish(*prepared, prepared->encodings, used, fitted.size(), fitted.loader());
    if (!quantized) return quantized.error();
    auto left = noise.typical(*quantized->model);
    if (!left) return left.error();
    outcomes.push_back({scheme, method->text, *left, false});
    if (scheme.empty() && !prepared->plan.activations.empty())
      outcomes.back().scheme = prepared->plan.activations.front().scheme;
    if (!(*left < outcomes[best].noise * (best == 0 ? kClearGain : 1)) && outcomes.size() > 1)
      return {};
    best = outcomes.size() - 1;
    quantizer.set_grids(scheme, std::move(*method));
    return {};
  };
  for (const std::string& scheme : open_schemes(quantizer, *measured.model))
    for (const char* range : {"mse", "percentile", "minmax"})
      if (outcomes.empty() || outcomes[0].noise > kQuiet)
        if (auto done = attempt(scheme, range); !done) return done.error();
  outcomes[best].used = true;
  return outcomes;
}

}  // namespace acuate
