#include "quantize/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "base/parallel.h"
#include "base/stop.h"
#include "base/text.h"
#include "onnx_io/export.h"
#include "onnx_io/opset.h"
#include "quantize/injection.h"
#include "quantize/noise_kernel.h"
#include "quantize/output_groups.h"
#include "quantize/salient_positions.h"
#include "quantize/sensitivity_model.h"

namespace acuate {
namespace {

constexpr size_t kPilotSamples = 4;  // that tell the magnitude of the outputs

struct Sums {
  double signal = 0, gain = 0, count = 0;
  std::vector<double> channel_gains = {};
  std::vector<double> noise = {};       // by grid
  std::vector<double> projection = {};  // by grid, of the probe that is being run
};

class SensitivitySweep {
 public:
  SensitivitySweep(const Target& target, const std::vector<SensitivityCandidate>& candidates,
                   size_t samples, const SampleLoader& load, const SensitivityOptions& options)
      : target_(target),
        candidates_(candidates),
        samples_(samples),
        load_(load),
        options_(options) {}

  Result<Sensitivity> run(const Model& model) {
    if (samples_ == 0) return fail("sensitivity needs at least one sample");
    model_ = &model;
    std::unique_ptr<Model> converted;
    if (model.opset_version() < 16)
      if (auto newer = convert_opset(model, 17)) converted = std::move(*newer);
    if (converted != nullptr) model_ = converted.get();
    result_.samples = samples_;
    for (const SensitivityCandidate& candidate : candidates_) {
      result_.tensors.push_back({.tensor = candidate.tensor});
      result_.tensors.back().grids.resize(candidate.grids.size());
      sums_.emplace_back();
      sums_.back().noise.resize(candidate.grids.size());
      sums_.back().projection.resize(candidate.grids.size());
    }
    if (auto ready = prepare(); !ready) return ready.error();
    if (auto done = find_groups(); !done) return done.error();
    const size_t probes = (options_.probes + samples_ - 1) / samples_;
    for (size_t sample = 0; sample < samples_; ++sample) {
      if (stop_requested()) return fail("interrupted after {} of {} samples", sample, samples_);
      auto inputs = load_(sample);
      if (!inputs) return inputs.error();
      if (auto done = find_weights(*inputs); !done) return done.error();
      for (size_t probe = 0; probe < std::max<size_t>(probes, 1); ++probe)
        if (auto done = run_probe(sample, *inputs); !done) return done.error();
      if (options_.calibration.progress)
        options_.calibration.progress({"sensitivity", sample + 1, samples_, "samples"});
    }
    finish();
    if (options_.inject)
      if (auto done = inject(); !done) return done.error();
    return std::move(result_);
  }

 private:
  Result<void> prepare() {
    auto built = build_sensitivity_model(*model_, candidates_);
    if (!built) return built.error();
    sweep_ = std::move(*built);
    for (size_t i = 0; i < candidates_.size(); ++i)
      result_.tensors[i].not_reached = sweep_.not_reached[i];
    auto engine = load_engine(*sweep_.backward.model);
    if (!engine) return fail("sensitivity: {}", engine.error().message);
    engine_ = std::move(*engine);
    for (const IoSpec& input : engine_->inputs())
      for (const auto& seed : sweep_.backward.seeds)
        if (seed.input == input.name)
          seeds_.push_back(Tensor::allocate(ElementType::Float, input.shape));
    return {};
  }

  // The magnitudes of the outputs.
  Result<void> find_groups() {
    std::vector<std::string> names;
    std::vector<ChannelPower> powers;
    std::vector<std::vector<Tensor>> pilots;
    for (size_t i = 0; i < sweep_.backward.seeds.size(); ++i) {
      names.push_back(sweep_.backward.seeds[i].output);
      powers.emplace_back(seeds_[i].shape());
    }
    for (size_t sample = 0; sample < std::min(samples_, kPilotSamples) && !names.empty();
         ++sample) {
      auto inputs = load_(sample);
      if (!inputs) return inputs.error();
      inputs->insert(inputs->end(), seeds_.begin(), seeds_.end());
      auto outputs = engine_->run(*inputs, names);
      if (!outputs) return fail("sensitivity sample {}: {}", sample, outputs.error().message);
      for (size_t i = 0; i < names.size(); ++i) powers[i].add((*outputs)[i]);
      pilots.push_back(std::move(*outputs));
    }
    positions_ = SalientPositions::of(pilots);
    for (size_t i = 0; i < names.size(); ++i)
      for (OutputGroup& group : powers[i].groups(names[i])) {
        if (!std::isfinite(group.signal_power))
          return fail("output '{}' is NaN or infinite; check the samples and their pre-processing",
                      to_valid_utf8(names[i]));
        result_.groups.push_back(std::move(group));
        seed_of_group_.push_back(i);
      }
    for (TensorDamage& tensor : result_.tensors)
      for (GridDamage& grid : tensor.grids)
        grid.damage.assign(options_.by_group ? result_.groups.size() : 1, 0);
    return {};
  }

  // Of the sample's outputs; those of other networks than detectors have none.
  Result<void> find_weights(std::span<const Tensor> inputs) {
    weights_.assign(seeds_.size(), {});
    if (!positions_.any()) return {};
    std::vector<std::string> names;
    for (const auto& seed : sweep_.backward.seeds) names.push_back(seed.output);
    std::vector<Tensor> all(inputs.begin(), inputs.end());
    all.insert(all.end(), seeds_.begin(), seeds_.end());
    auto outputs = engine_->run(all, names);
    if (!outputs) return outputs.error();
    weights_ = positions_.weights(*outputs);
    return {};
  }

  Result<void> run_probe(size_t sample, const std::vector<Tensor>& inputs) {
    if (sweep_.readings.empty() && sweep_.twins.empty()) return {};
    std::mt19937_64 random(options_.seed * 0x9E3779B97F4A7C15U + ++probe_count_);
    if (!options_.by_group) {
      clear_seeds();
      for (size_t i = 0; i < result_.groups.size(); ++i) add_group_probe(i, random);
      return run_seeds(sample, inputs, 0);
    }
    for (size_t i = 0; i < result_.groups.size(); ++i) {
      clear_seeds();
      add_group_probe(i, random);
      if (auto done = run_seeds(sample, inputs, i); !done) return done;
    }
    return {};
  }

  void add_group_probe(size_t group, std::mt19937_64& random) {
    const size_t output = seed_of_group_[group];
    add_probe(seeds_[output], result_.groups[group], random, weights_[output]);
  }

  void clear_seeds() {
    for (Tensor& seed : seeds_) std::ranges::fill(seed.mutable_values<float>(), 0.0F);
  }

  Result<void> run_seeds(size_t sample, std::vector<Tensor> inputs, size_t group) {
    inputs.insert(inputs.end(), seeds_.begin(), seeds_.end());
    size_t begin = 0;
    do {
      size_t end = begin;
      uint64_t bytes = 0;
      while (end < sweep_.readings.size() &&
             (end == begin ||
              bytes + sweep_.readings[end].size_bytes <= options_.calibration.max_memory_bytes))
        bytes += sweep_.readings[end++].size_bytes;
      if (auto done = read(sample, inputs, begin, end); !done) return done;
      begin = end;
    } while (begin < sweep_.readings.size());
    for (size_t i = 0; i < sums_.size(); ++i) {
      Sums& sums = sums_[i];
      for (size_t k = 0; k < sums.projection.size(); ++k) {
        result_.tensors[i].grids[k].damage[group] += sums.projection[k] * sums.projection[k];
        sums.projection[k] = 0;
      }
    }
    return {};
  }

  // The activations begin … end − 1; the twins come with the first of them.
  Result<void> read(size_t sample, const std::vector<Tensor>& inputs, size_t begin, size_t end) {
    std::vector<std::string> names;
    std::unordered_map<std::string, size_t> place;
    const auto want = [&](const std::string& name) {
      if (place.emplace(name, names.size()).second) names.push_back(name);
    };
    for (size_t i = begin; i < end; ++i) {
      if (sweep_.readings[i].input < 0) want(sweep_.readings[i].values);
      want(sweep_.readings[i].gradient);
    }
    const std::span<const TwinReading> twins(sweep_.twins.data(),
                                             begin == 0 ? sweep_.twins.size() : 0);
    for (const TwinReading& twin : twins) {
      want(twin.signal);
      want(twin.gain);
      for (const std::string& name : twin.noises) want(name);
      for (const std::string& name : twin.projections) want(name);
    }
    auto outputs = engine_->run(inputs, names);
    if (!outputs) return fail("sensitivity sample {}: {}", sample, outputs.error().message);
    ++result_.runs;
    const auto fetched = [&](const std::string& name) { return (*outputs)[place.at(name)]; };
    std::vector<Sums> parts(end - begin);
    parallel_for(end - begin, options_.calibration.threads, [&](size_t i) {
      const Reading& reading = sweep_.readings[begin + i];
      const Tensor values =
          reading.input < 0 ? fetched(reading.values) : inputs[static_cast<size_t>(reading.input)];
      parts[i] =
          activation_sums(candidates_[reading.tensor].grids, values, fetched(reading.gradient));
    });
    for (size_t i = 0; i < parts.size(); ++i)
      add(sums_[sweep_.readings[begin + i].tensor], parts[i]);
    const auto number = [&](const std::string& name) {
      return static_cast<double>(fetched(name).values<float>()[0]);
    };
    for (const TwinReading& twin : twins) {
      Sums part{.signal = number(twin.signal), .gain = number(twin.gain), .count = twin.count};
      for (const std::string& name : twin.noises) part.noise.push_back(number(name));
      for (const std::string& name : twin.projections) part.projection.push_back(number(name));
      add(sums_[twin.tensor], part);
    }
    return {};
  }

  static Sums activation_sums(const std::vector<Quantization>& grids, const Tensor& values,
                              const Tensor& gradients) {
    std::vector<AffineGrid> points;
    for (const Quantization& grid : grids) points.push_back(grid.grid());
    std::vector<NoiseSums> noise(grids.size());
    const auto x = values.values<float>(), g = gradients.values<float>();
    const ValueSums found = add_noise(x, g, points, noise);
    Sums sums{.signal = found.signal, .gain = found.gain, .count = static_cast<double>(x.size())};
    sums.channel_gains = channel_gains(gradients);
    for (const NoiseSums& each : noise) {
      sums.noise.push_back(each.noise);
      sums.projection.push_back(each.projection);
    }
    return sums;
  }

  static std::vector<double> channel_gains(const Tensor& gradients) {
    const Shape& shape = gradients.shape();
    const auto values = gradients.values<float>();
    if (shape.size() < 2 || values.empty()) return {};
    const auto channels = static_cast<size_t>(shape[1]);
    const size_t run = values.size() / channels / static_cast<size_t>(shape[0]);
    std::vector<double> gains(channels, 0);
    for (size_t first = 0, i = 0; first < values.size(); first += run, ++i) {
      const auto part = values.subspan(first, run);
      gains[i % channels] +=
          sum_of_squares(part) / static_cast<double>(run) / static_cast<double>(shape[0]);
    }
    return gains;
  }

  static void add(Sums& sums, const Sums& part) {
    sums.signal += part.signal;
    sums.gain += part.gain;
    sums.count += part.count;
    sums.channel_gains.resize(part.channel_gains.size(), 0);
    for (size_t i = 0; i < part.channel_gains.size(); ++i)
      sums.channel_gains[i] += part.channel_gains[i];
    for (size_t k = 0; k < part.noise.size(); ++k) {
      sums.noise[k] += part.noise[k];
      sums.projection[k] += part.projection[k];
    }
  }

  void finish() {
    const auto probes = static_cast<double>(probe_count_);
    for (size_t i = 0; i < sums_.size(); ++i) {
      const Sums& sums = sums_[i];
      TensorDamage& tensor = result_.tensors[i];
      if (sums.count == 0) continue;
      tensor.signal_power = sums.signal / sums.count;
      tensor.gain = sums.gain / probes;
      tensor.channel_gains = sums.channel_gains;
      for (double& gain : tensor.channel_gains) gain /= probes;
      for (size_t k = 0; k < tensor.grids.size(); ++k) {
        tensor.grids[k].noise_power = sums.noise[k] / sums.count;
        for (double& damage : tensor.grids[k].damage) damage /= probes;
      }
    }
  }

  // One at a time, of what no gradient reaches.
  Result<void> inject() {
    for (size_t i = 0; i < candidates_.size(); ++i) {
      TensorDamage& tensor = result_.tensors[i];
      if (tensor.not_reached.empty()) continue;
      for (size_t k = 0; k < tensor.grids.size(); ++k)
        if (auto done = inject(candidates_[i], k, tensor.grids[k]); !done) return done;
      tensor.is_injected = true;
    }
    return {};
  }

  Result<std::unique_ptr<Engine>> load_engine(const Model& model) const {
    auto bytes = model_bytes(model);
    if (!bytes) return bytes.error();
    return target_.load(ModelSource::memory(as_bytes(*bytes)),
                        {.threads = options_.calibration.threads,
                         .optimization = Optimization::Basic,
                         .spinning = false});
  }

  Result<void> inject(const SensitivityCandidate& candidate, size_t k, GridDamage& damage) {
    auto model = with_injected_noise(*model_, candidate.tensor, candidate.grids[k]);
    if (!model) return model.error();
    auto injected = load_engine(**model);
    if (!injected) return injected.error();
    std::vector<std::string> names;
    for (const auto& seed : sweep_.backward.seeds) names.push_back(seed.output);
    for (size_t sample = 0; sample < samples_; ++sample) {
      if (stop_requested())
        return fail("interrupted while '{}' was quantized alone", to_valid_utf8(candidate.tensor));
      auto inputs = load_(sample);
      if (!inputs) return inputs.error();
      auto changed = (*injected)->run(*inputs, names);
      if (!changed) return changed.error();
      inputs->insert(inputs->end(), seeds_.begin(), seeds_.end());
      auto exact = engine_->run(*inputs, names);
      if (!exact) return exact.error();
      const auto weights = positions_.weights(*exact);
      for (size_t i = 0; i < result_.groups.size(); ++i) {
        const size_t output = seed_of_group_[i];
        damage.damage[options_.by_group ? i : 0] +=
            relative_noise((*exact)[output], (*changed)[output], result_.groups[i],
                           weights[output]) /
            static_cast<double>(samples_);
      }
    }
    return {};
  }

  const Target& target_;
  const std::vector<SensitivityCandidate>& candidates_;
  size_t samples_;
  const SampleLoader& load_;
  const SensitivityOptions& options_;
  const Model* model_ = nullptr;
  SensitivityModel sweep_;
  std::unique_ptr<Engine> engine_;
  std::vector<Tensor> seeds_;  // as sweep_.backward.seeds
  std::vector<size_t> seed_of_group_;
  SalientPositions positions_;               // of the pilot samples
  std::vector<std::vector<float>> weights_;  // of the sample that is being run, as seeds_
  std::vector<Sums> sums_;                   // as the candidates
  uint64_t probe_count_ = 0;
  Sensitivity result_;
};

}  // namespace

double GridDamage::sum() const { return std::accumulate(damage.begin(), damage.end(), 0.0); }

double GridDamage::worst() const {
  return damage.empty() ? 0 : *std::max_element(damage.begin(), damage.end());
}

Result<Sensitivity> measure_sensitivity(const Model& model, const Target& target,
                                        const std::vector<SensitivityCandidate>& candidates,
                                        size_t samples, const SampleLoader& load,
                                        const SensitivityOptions& options) {
  return SensitivitySweep(target, candidates, samples, load, options).run(model);
}

}  // namespace acuate
