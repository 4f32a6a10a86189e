#include <algorithm>
#include <numeric>

#include "evaluate/metric.h"

namespace acuate {
namespace {

// Least number of insertions, deletions and replacements (Levenshtein 1966).
size_t edit_distance(const std::vector<int64_t>& from, const std::vector<int64_t>& to) {
  std::vector<size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < from.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < to.size(); ++j) {
      const size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

struct Line {
  double edits = 0, length = 0;  // of the longer one

  void add(const Line& other) {
    edits += other.edits;
    length += other.length;
  }
  std::optional<double> agreement() const {
    return length == 0 ? std::nullopt : std::optional(1 - edits / length);
  }
};

class TextAgreement : public MetricAccumulator {
 public:
  explicit TextAgreement(const MetricContext& context) : context_(context) {}

  Result<void> add(const SampleOutputs& sample) override {
    const std::vector<int64_t>&expected = sample.baseline_decoded->symbols,
          &found = sample.converted_decoded->symbols;
    lines_.push_back({static_cast<double>(edit_distance(expected, found)),
                      static_cast<double>(std::max(expected.size(), found.size()))});
    equal_ += expected == found ? 1 : 0;
    return {};
  }

  std::vector<MetricValue> finish() const override {
    MetricValue value;
    value.name = "text_agreement";
    value.n = static_cast<int64_t>(lines_.size());
    Line total;
    for (const Line& line : lines_) total.add(line);
    value.details = {{"edits", total.edits}, {"equal_lines", equal_}};
    value.converted = total.agreement();
    if (!value.converted) {
      value.reason = lines_.empty() ? "no samples" : "neither model reads a symbol";
      return {value};
    }
    value.baseline = 1;  // the float model against its own text
    value.interval =
        bootstrap_interval(lines_.size(), context_, [&](std::span<const size_t> indices) {
          Line drawn;
          for (const size_t i : indices) drawn.add(lines_[i]);
          return drawn.agreement();
        });
    return {value};
  }

 private:
  MetricContext context_;
  std::vector<Line> lines_;
  double equal_ = 0;
};

}  // namespace

// 1 - edit distance / length of the longer text, both added over all lines.
void register_evaluate_text_agreement(MetricRegistry& registry) {
  registry.add({.id = "text_agreement",
                .summary = "share of symbols on which both models' texts agree, by edit distance",
                .needs = "symbols",
                .create = [](const MetricContext& context) {
                  return std::make_unique<TextAgreement>(context);
                }});
}

}  // namespace acuate
