#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evaluate/metric.h"

namespace acuate {

// COCO's average precision of boxes, as pycocotools' COCOeval computes it for all areas and 100
// detections of a class on an image (Lin et al., "Microsoft COCO: Common Objects in Context", ECCV
// 2014; evaluation code of the COCO API): at IoU 0.50, 0.55, …, 0.95 detections take truths by
// falling score; precision, made monotone, is read at the recalls 0, 0.01, …, 1 and averaged over
// recalls, classes that have truths, and thresholds. A crowd may be found by many, and neither a
// crowd nor what finds one counts.
struct AveragePrecision {
  double all = 0;   // mean over the ten thresholds
  double at50 = 0;  // IoU 0.50
  double at75 = 0;
};

class DetectionMatches {
 public:
  // One sample: matches its detections, in any order, to its truths.
  void add(std::span<const TruthBox> truth, std::span<const Detection> found);

  size_t samples() const { return samples_; }
  int64_t truths() const { return truths_; }  // no crowds
  int64_t detections() const { return detections_; }

  // Over the samples, sample i taken `weights[i]` times (a bootstrap); empty weights: each once.
  // Nothing where no class has a truth. add() must not follow.
  std::optional<AveragePrecision> average_precision(std::span<const uint32_t> weights);

 private:
  static constexpr size_t kThresholds = 10;
  struct Entry {
    float score = 0;
    uint32_t sample = 0;
    uint16_t matched = 0, ignored = 0;  // a bit for each threshold
  };
  struct Category {
    std::vector<Entry> entries;
    std::vector<std::pair<uint32_t, uint32_t>> truths;  // sample, how many
  };
  void match(Category& category, std::vector<TruthBox> truth, std::vector<Detection> found);
  static std::array<double, kThresholds> precision_of(const Category& category,
                                                      std::span<const uint32_t> weights,
                                                      double truths);

  std::vector<std::pair<int64_t, Category>> categories_;  // by number
  bool is_sorted_ = false;
  uint32_t samples_ = 0;
  int64_t truths_ = 0, detections_ = 0;
};

// The 95 % interval of `all`, by bootstrap over the samples.
std::optional<std::array<double, 2>> average_precision_interval(DetectionMatches& matches,
                                                                const MetricContext& context);

}  // namespace acuate
