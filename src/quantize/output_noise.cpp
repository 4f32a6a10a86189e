#include "quantize/output_noise.h"

#include <algorithm>
#include <cmath>

#include "onnx_io/export.h"
#include "quantize/output_groups.h"
#include "quantize/salient_positions.h"

namespace acuate {
namespace {

constexpr double kLeast = 1e-12;  // of noise: equal outputs have no logarithm

}  // namespace

Result<void> OutputNoise::run(const Model& model,
                              const std::function<void(size_t, std::vector<Tensor>)>& read) const {
  auto bytes = model_bytes(model);
  if (!bytes) return bytes.error();
  auto engine =
      target_->load(ModelSource::memory(as_bytes(*bytes)),
                    {.threads = threads_, .optimization = Optimization::None, .spinning = false});
  if (!engine) return fail("comparing outputs: {}", engine.error().message);
  for (size_t i = 0; i < samples_->size(); ++i) {
    auto inputs = samples_->load(samples_->indices[i]);
    if (!inputs) return inputs.error();
    auto outputs = (*engine)->run(*inputs, names_);
    if (!outputs) return outputs.error();
    read(i, std::move(*outputs));
  }
  return {};
}

Result<OutputNoise> OutputNoise::of(const Model& reference, const Target& target,
                                    const SampleSubset& samples, int threads) {
  OutputNoise noise(target, samples, threads);
  for (const Value* output : reference.graph().outputs())
    if (output->type.element == ElementType::Float) noise.names_.emplace_back(output->name);
  if (noise.names_.empty()) return fail("no output of the model is float32");
  noise.reference_.resize(samples.size());
  if (auto done = noise.run(
          reference,
          [&](size_t i, std::vector<Tensor> outputs) { noise.reference_[i] = std::move(outputs); });
      !done)
    return done.error();
  const SalientPositions positions = SalientPositions::of(noise.reference_);
  for (const auto& outputs : noise.reference_) noise.weights_.push_back(positions.weights(outputs));
  for (size_t output = 0; output < noise.names_.size(); ++output) {
    ChannelPower power(noise.reference_[0][output].shape());
    for (const auto& outputs : noise.reference_)
      if (outputs[output].shape() == noise.reference_[0][output].shape())
        power.add(outputs[output]);
    for (OutputGroup& group : power.groups(noise.names_[output]))
      if (group.signal_power > 0) noise.groups_.push_back(std::move(group));
  }
  return noise;
}

Result<void> OutputNoise::each(const Model& model,
                               const std::function<void(size_t, double, double)>& add) const {
  return run(model, [&](size_t i, const std::vector<Tensor>& outputs) {
    for (size_t g = 0; g < groups_.size(); ++g) {
      const auto found = std::find(names_.begin(), names_.end(), groups_[g].output);
      const auto place = static_cast<size_t>(found - names_.begin());
      const Tensor& exact = reference_[i][place];
      if (exact.shape() == reference_[0][place].shape() && outputs[place].shape() == exact.shape())
        add(g, relative_noise(exact, outputs[place], groups_[g], weights_[i][place]),
            mean_weight(exact, groups_[g], weights_[i][place]));
    }
  });
}

Result<std::vector<double>> OutputNoise::by_group(const Model& model) const {
  std::vector<double> sums(groups_.size());
  const auto add = [&](size_t group, double noise, double) { sums[group] += noise; };
  if (auto done = each(model, add); !done) return done.error();
  for (double& sum : sums) sum /= static_cast<double>(samples_->size());
  return sums;
}

Result<double> OutputNoise::relative(const Model& model) const {
  auto groups = by_group(model);
  if (!groups) return groups.error();
  double sum = 0;
  for (const double group : *groups) sum += group;
  return groups->empty() ? 0 : sum / static_cast<double>(groups->size());
}

Result<double> OutputNoise::typical(const Model& model) const {
  std::vector<double> logs(groups_.size()), weights(groups_.size());
  const auto add = [&](size_t group, double noise, double weight) {
    if (!(weight > 0)) return;
    logs[group] += weight * std::log(std::max(noise / weight, kLeast));
    weights[group] += weight;
  };
  if (auto done = each(model, add); !done) return done.error();
  double sum = 0;
  for (size_t g = 0; g < logs.size(); ++g)
    if (weights[g] > 0) sum += std::exp(logs[g] / weights[g]);
  return logs.empty() ? 0 : sum / static_cast<double>(logs.size());
}

}  // namespace acuate
