#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "onnx_io/export.h"
#include "quantize/quantizer.h"

namespace acuate {
namespace {

// Samples of a model, by place in the full set.
struct Subset {
  std::vector<size_t> indices;
  const SampleLoader& load;

  SampleLoader loader() const {
    return [this](size_t i) { return load(indices[i]); };
  }
};

// The outputs of a few samples, and how far those of another model are from them.
class OutputNoise {
 public:
  static Result<OutputNoise> of(const Model& model, const Target& target, const Subset& samples,
                                int threads) {
    OutputNoise noise(target, samples, threads);
    auto outputs = noise.run(model);
    if (!outputs) return outputs.error();
    noise.reference_ = std::move(*outputs);
    return noise;
  }

  // Noise power over signal power, the mean of the outputs of float32.
  Result<double> relative(const Model& quantized) const {
    auto outputs = run(quantized);
    if (!outputs) return outputs.error();
    std::vector<double> signal, noise;
    for (size_t sample = 0; sample < reference_.size(); ++sample)
      for (size_t i = 0; i < reference_[sample].size(); ++i) {
        const Tensor &was = reference_[sample][i], &is = (*outputs)[sample][i];
        signal.resize(reference_[sample].size());
        noise.resize(signal.size());
        if (was.type() != ElementType::Float || is.type() != was.type() ||
            is.values<float>().size() != was.values<float>().size())
          continue;
        for (size_t k = 0; k < was.values<float>().size(); ++k) {
          const double x = was.values<float>()[k], error = x - is.values<float>()[k];
          signal[i] += x * x;
          noise[i] += error * error;
        }
      }
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < signal.size(); ++i)
      if (signal[i] > 0) {
        sum += noise[i] / signal[i];
        ++count;
      }
    return count == 0 ? 0 : sum / static_cast<double>(count);
  }

 private:
  OutputNoise(const Target& target, const Subset& samples, int threads)
      : target_(&target), samples_(&samples), threads_(threads) {}

  Result<std::vector<std::vector<Tensor>>> run(const Model& model) const {
    auto bytes = model_bytes(model);
    if (!bytes) return bytes.error();
    auto engine = target_->load(ModelSource::memory(as_bytes(*bytes)),
                                {.threads = threads_, .optimization = Optimization::None});
    if (!engine) return fail("trying a recovery: {}", engine.error().message);
    std::vector<std::vector<Tensor>> outputs;
    for (const size_t index : samples_->indices) {
      auto inputs = samples_->load(index);
      if (!inputs) return inputs.error();
      auto results = (*engine)->run(*inputs);
      if (!results) return results.error();
      outputs.push_back(std::move(*results));
    }
    return outputs;
  }

  const Target* target_;
  const Subset* samples_;
  int threads_;
  std::vector<std::vector<Tensor>> reference_;
};

std::vector<const Recovery*> in_order_of_phases() {
  std::vector<const Recovery*> all;
  for (const auto phase : {Recovery::Phase::BeforeRanges, Recovery::Phase::AfterRanges})
    for (const Recovery& recovery : recoveries().all())
      if (recovery.phase == phase) all.push_back(&recovery);
  return all;
}

}  // namespace

Result<std::vector<RecoveryOutcome>> choose_recovery(const Quantizer& quantizer, size_t samples,
                                                     const SampleLoader& load) {
  std::vector<RecoveryOutcome> outcomes;
  if (const auto& named = quantizer.options().recover) {
    for (const std::string& id : *named)
      if (auto known = recoveries().find(id, "recovery"); !known) return known.error();
    for (const Recovery* recovery : in_order_of_phases())
      if (std::any_of(named->begin(), named->end(),
                      [&](const std::string& id) { return to_snake_case(id) == recovery->id; }))
        outcomes.push_back({recovery->id, 0, true, {}});
    return outcomes;
  }
  Subset fitted{{}, load}, judged{{}, load};
  for (size_t i = 0; i < std::min(samples, 2 * kTrialSamples); ++i)
    (i % 2 == 0 ? fitted : judged).indices.push_back(i);
  if (judged.indices.empty()) judged.indices = fitted.indices;

  std::vector<const Recovery*> used;
  const auto attempt = [&](const std::vector<const Recovery*>& chosen) {
    return quantizer.run(chosen, fitted.indices.size(), fitted.loader());
  };
  auto plain = attempt({});
  if (!plain) return plain.error();
  auto noise = OutputNoise::of(quantizer.model(), quantizer.target(), judged,
                               quantizer.options().calibration.threads);
  if (!noise) return noise.error();
  auto best = noise->relative(*plain->model);
  if (!best) return best.error();
  for (const Recovery* recovery : in_order_of_phases()) {
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
