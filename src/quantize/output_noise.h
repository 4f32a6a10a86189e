#pragma once

#include <vector>

#include "quantize/sensitivity.h"
#include "targets/target.h"

namespace acuate {

// Some of the samples, by their places among all.
struct SampleSubset {
  std::vector<size_t> indices;
  const SampleLoader& load;

  size_t size() const { return indices.size(); }
  SampleLoader loader() const {
    return [this](size_t i) { return load(indices[i]); };
  }
};

// How far other models are from one at its float32 outputs. The reference is run once and its
// outputs stay in memory; of the others one sample's at a time.
class OutputNoise {
 public:
  // Refers to the samples and to the target.
  static Result<OutputNoise> of(const Model& reference, const Target& target,
                                const SampleSubset& samples, int threads);

  // Noise power over signal power: the mean over output groups (sensitivity.h) of each one's, so
  // that boxes in pixels do not hide scores; where a detector's scores are low its boxes count
  // little (salient_positions.h). The engine takes the model as it stands.
  Result<double> relative(const Model& model) const;
  // The same with the geometric mean over the samples of each group, which one sample on which
  // something tips over does not decide: for comparing models on few samples.
  Result<double> typical(const Model& model) const;
  // As relative(), of each group.
  Result<std::vector<double>> by_group(const Model& model) const;
  const std::vector<OutputGroup>& groups() const { return groups_; }

 private:
  OutputNoise(const Target& target, const SampleSubset& samples, int threads)
      : target_(&target), samples_(&samples), threads_(threads) {}

  Result<void> run(const Model& model,
                   const std::function<void(size_t, std::vector<Tensor>)>& read) const;
  // The relative noise of each group on each sample, and what the sample counts in it.
  Result<void> each(const Model& model,
                    const std::function<void(size_t, double, double)>& add) const;

  const Target* target_;
  const SampleSubset* samples_;
  int threads_;
  std::vector<std::string> names_;                        // outputs of the reference
  std::vector<std::vector<Tensor>> reference_;            // by sample
  std::vector<std::vector<std::vector<float>>> weights_;  // of elements, by sample and output
  std::vector<OutputGroup> groups_;
};

}  // namespace acuate
