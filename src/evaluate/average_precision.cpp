#include "evaluate/average_precision.h"

#include <algorithm>
#include <limits>
#include <map>

namespace acuate {
namespace {

constexpr size_t kMaxDetections = 100;  // of a class on an image
constexpr size_t kRecalls = 101;

double iou_threshold(size_t i) { return 0.5 + 0.05 * static_cast<double>(i); }

// Of what a crowd covers only the detection's own area counts.
double overlap(const Detection& found, const TruthBox& truth) {
  if (!truth.is_crowd) return box_iou(truth.box, found.box);
  const double area = found.box.area();
  return area > 0 ? intersection(truth.box, found.box) / area : 0;
}

}  // namespace

void DetectionMatches::add(std::span<const TruthBox> truth, std::span<const Detection> found) {
  std::map<int64_t, std::pair<std::vector<TruthBox>, std::vector<Detection>>> of_category;
  for (const TruthBox& object : truth) of_category[object.category].first.push_back(object);
  for (const Detection& detection : found)
    of_category[detection.category].second.push_back(detection);
  for (auto& [number, both] : of_category) {
    auto place = std::lower_bound(categories_.begin(), categories_.end(), number,
                                  [](const auto& a, int64_t b) { return a.first < b; });
    if (place == categories_.end() || place->first != number)
      place = categories_.insert(place, {number, {}});
    match(place->second, std::move(both.first), std::move(both.second));
  }
  ++samples_;
}

void DetectionMatches::match(Category& category, std::vector<TruthBox> truth,
                             std::vector<Detection> found) {
  std::stable_partition(truth.begin(), truth.end(), [](const TruthBox& t) { return !t.is_crowd; });
  const auto counted = static_cast<size_t>(
      std::count_if(truth.begin(), truth.end(), [](const TruthBox& t) { return !t.is_crowd; }));
  std::stable_sort(found.begin(), found.end(),
                   [](const Detection& a, const Detection& b) { return a.score > b.score; });
  found.resize(std::min(found.size(), kMaxDetections));
  if (counted > 0) category.truths.emplace_back(samples_, static_cast<uint32_t>(counted));
  truths_ += static_cast<int64_t>(counted);
  detections_ += static_cast<int64_t>(found.size());

  std::vector<double> overlaps(found.size() * truth.size());
  for (size_t d = 0; d < found.size(); ++d)
    for (size_t t = 0; t < truth.size(); ++t)
      overlaps[d * truth.size() + t] = overlap(found[d], truth[t]);
  const size_t first = category.entries.size();
  for (const Detection& detection : found)
    category.entries.push_back({detection.score, samples_, 0, 0});
  for (size_t threshold = 0; threshold < kThresholds; ++threshold) {
    std::vector<char> taken(truth.size());
    for (size_t d = 0; d < found.size(); ++d) {
      double best = std::min(iou_threshold(threshold), 1 - 1e-10);
      size_t chosen = truth.size();
      for (size_t t = 0; t < truth.size(); ++t) {
        if (taken[t] && !truth[t].is_crowd) continue;
        if (chosen < counted && t >= counted) break;  // crowds come last and are second choice
        if (overlaps[d * truth.size() + t] < best) continue;
        best = overlaps[d * truth.size() + t];
        chosen = t;
      }
      if (chosen == truth.size()) continue;
      taken[chosen] = 1;
      Entry& entry = category.entries[first + d];
      const auto bit = static_cast<uint16_t>(1 << threshold);
      entry.matched = static_cast<uint16_t>(entry.matched | bit);
      if (truth[chosen].is_crowd) entry.ignored = static_cast<uint16_t>(entry.ignored | bit);
    }
  }
}

std::array<double, DetectionMatches::kThresholds> DetectionMatches::precision_of(
    const Category& category, std::span<const uint32_t> weights, double truths) {
  std::array<double, kThresholds> means{};
  std::vector<std::pair<double, double>> curve;  // recall, precision
  for (size_t threshold = 0; threshold < kThresholds; ++threshold) {
    curve.clear();
    double right = 0, wrong = 0;
    for (const Entry& entry : category.entries) {
      const double weight = weights.empty() ? 1 : weights[entry.sample];
      if (weight == 0 || (entry.ignored >> threshold & 1) != 0) continue;
      ((entry.matched >> threshold & 1) != 0 ? right : wrong) += weight;
      curve.emplace_back(right / truths,
                         right / (right + wrong + std::numeric_limits<double>::epsilon()));
    }
    for (size_t i = curve.size(); i-- > 1;)
      curve[i - 1].second = std::max(curve[i - 1].second, curve[i].second);
    double sum = 0;
    size_t at = 0;
    for (size_t recall = 0; recall < kRecalls; ++recall) {
      while (at < curve.size() && curve[at].first < 0.01 * static_cast<double>(recall)) ++at;
      if (at == curve.size()) break;
      sum += curve[at].second;
    }
    means[threshold] = sum / kRecalls;
  }
  return means;
}

std::optional<AveragePrecision> DetectionMatches::average_precision(
    std::span<const uint32_t> weights) {
  if (!is_sorted_)
    for (auto& [number, category] : categories_)
      std::stable_sort(category.entries.begin(), category.entries.end(),
                       [](const Entry& a, const Entry& b) { return a.score > b.score; });
  is_sorted_ = true;
  std::array<double, kThresholds> sums{};
  double counted = 0;
  for (const auto& [number, category] : categories_) {
    double truths = 0;
    for (const auto& [sample, count] : category.truths)
      truths += static_cast<double>(count) * (weights.empty() ? 1 : weights[sample]);
    if (truths == 0) continue;
    ++counted;
    const auto means = precision_of(category, weights, truths);
    for (size_t i = 0; i < kThresholds; ++i) sums[i] += means[i];
  }
  if (counted == 0) return std::nullopt;
  AveragePrecision result{0, sums[0] / counted, sums[5] / counted};
  for (const double sum : sums) result.all += sum / counted / kThresholds;
  return result;
}

std::optional<std::array<double, 2>> average_precision_interval(DetectionMatches& matches,
                                                                const MetricContext& context) {
  std::vector<uint32_t> weights(matches.samples());
  return bootstrap_interval(matches.samples(), context, [&](std::span<const size_t> indices) {
    std::fill(weights.begin(), weights.end(), 0);
    for (const size_t i : indices) ++weights[i];
    const auto drawn = matches.average_precision(weights);
    return drawn ? std::optional(drawn->all) : std::nullopt;
  });
}

}  // namespace acuate
