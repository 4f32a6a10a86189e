#include <algorithm>

#include "evaluate/metric.h"

namespace acuate {
namespace {

constexpr double kMinIou = 0.5;

// Of one page, or of several added up.
struct Counts {
  int64_t truth = 0, predicted = 0, matched = 0;

  void add(const Counts& other) {
    truth += other.truth;
    predicted += other.predicted;
    matched += other.matched;
  }
  std::optional<double> f1() const {
    if (truth + predicted == 0) return std::nullopt;
    return 2.0 * static_cast<double>(matched) / static_cast<double>(truth + predicted);
  }
};

// Pairs by falling IoU, each box once.
int64_t count_matches(const std::vector<TextBox>& truth, const std::vector<TextBox>& predicted) {
  struct Pair {
    double iou;
    size_t truth, predicted;
  };
  std::vector<Pair> pairs;
  for (size_t t = 0; t < truth.size(); ++t)
    for (size_t p = 0; p < predicted.size(); ++p) {
      const double iou = quad_iou(truth[t].corners, predicted[p].corners);
      if (iou >= kMinIou) pairs.push_back({iou, t, p});
    }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.iou > b.iou; });
  std::vector<char> truth_taken(truth.size()), predicted_taken(predicted.size());
  int64_t matches = 0;
  for (const Pair& pair : pairs) {
    if (truth_taken[pair.truth] || predicted_taken[pair.predicted]) continue;
    truth_taken[pair.truth] = predicted_taken[pair.predicted] = 1;
    ++matches;
  }
  return matches;
}

class TextBoxF1 : public MetricAccumulator {
 public:
  explicit TextBoxF1(const MetricContext& context) : context_(context) {}

  Result<void> add(const SampleOutputs& sample) override {
    const std::vector<TextBox>&truth = sample.baseline_decoded->text_boxes,
          &predicted = sample.converted_decoded->text_boxes;
    pages_.push_back({static_cast<int64_t>(truth.size()), static_cast<int64_t>(predicted.size()),
                      count_matches(truth, predicted)});
    return {};
  }

  std::vector<MetricValue> finish() const override {
    MetricValue value;
    value.name = "text_box_f1";
    value.n = static_cast<int64_t>(pages_.size());
    Counts total;
    for (const Counts& page : pages_) total.add(page);
    value.details = {{"truth_boxes", static_cast<double>(total.truth)},
                     {"predicted_boxes", static_cast<double>(total.predicted)},
                     {"matched_boxes", static_cast<double>(total.matched)}};
    value.converted = total.f1();
    if (!value.converted) {
      value.reason = pages_.empty() ? "no samples" : "neither model finds any text box";
      return {value};
    }
    if (total.truth == 0)
      value.reason = "the float model finds no text box";
    else
      value.baseline = 1;  // the float model against its own boxes
    value.interval =
        bootstrap_interval(pages_.size(), context_, [&](std::span<const size_t> indices) {
          Counts drawn;
          for (size_t i : indices) drawn.add(pages_[i]);
          return drawn.f1();
        });
    return {value};
  }

 private:
  MetricContext context_;
  std::vector<Counts> pages_;
};

}  // namespace

// F1 of the converted model's text boxes against the float model's own, matched one to one at IoU
// >= 0.5, counts added over all pages (micro average).
void register_evaluate_text_box_f1(MetricRegistry& registry) {
  registry.add({.id = "text_box_f1",
                .summary = "F1 of text boxes against the float model's own, IoU >= 0.5",
                .needs = "text_boxes",
                .create = [](const MetricContext& context) {
                  return std::make_unique<TextBoxF1>(context);
                }});
}

}  // namespace acuate
