#pragma once

#include <map>
#include <span>
#include <vector>

#include "graph/tensor.h"

namespace acuate {

// Which elements of a detector's outputs count. It has boxes for every position and means few of
// them: those whose scores say that something is there. So an error of a box, or of whatever else
// it has for each position, counts by the score there, while scores count everywhere alike.
// Scores are channels of probabilities that are next to nothing at nine of ten positions, or, where
// there are none, outputs that hold nothing but logits, most of them of next to nothing. Outputs
// with the same number of positions belong together: [1, N, C], [1, C, N], [1, C, H, W] or [1, H,
// W, C], whichever of the axes is shorter being the channels.
class SalientPositions {
 public:
  // Of the float network's outputs on some samples, the same outputs each.
  static SalientPositions of(std::span<const std::vector<Tensor>> samples);
  // Whether there are outputs with elements that count more than others.
  bool any() const;
  // Of the outputs of one sample, a weight for each element, in the mean of the samples above 1, so
  // that one with many objects counts more than one without; empty for an output all of whose
  // elements count alike.
  std::vector<std::vector<float>> weights(std::span<const Tensor> outputs) const;

 private:
  struct Channel {
    double least = 0, greatest = 0;
    size_t count = 0, absent = 0, absent_logits = 0;
  };
  enum class Score { None, Probability, Logit };
  void add(std::span<const Tensor> outputs);
  Score score_of(size_t output, size_t channel) const;
  void find_kinds();
  bool is_score(size_t output, size_t channel) const;
  // By number of positions, of each the highest score that a sample has there.
  std::map<size_t, std::vector<double>> salience(std::span<const Tensor> outputs) const;

  std::vector<std::vector<Channel>> channels_;  // by output
  std::vector<size_t> positions_;               // by output; 0: it has none
  std::map<size_t, Score> kinds_;               // of scores, by number of positions
  std::map<size_t, double> means_;              // of their salience
};

}  // namespace acuate
