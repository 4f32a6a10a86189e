#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.h"
#include "base/result.h"
#include "evaluate/decoder.h"
#include "evaluate/truth.h"
#include "graph/tensor.h"

namespace acuate {

// One sample's outputs of the float model and of the converted one, in the order of
// MetricContext::output_names, and what the decoder made of them. judge.h fills it in.
struct SampleOutputs {
  std::string_view sample;
  std::span<const Tensor> baseline = {};  // empty: there is no float model to compare with
  std::span<const Tensor> converted = {};
  const Decoded* baseline_decoded = nullptr;   // null without a decoder or without a float model
  const Decoded* converted_decoded = nullptr;  // null without a decoder
  const Truth* truth = nullptr;                // null without labels
};

// One row of the report's `accuracy`. What is empty says why in `reason`.
struct MetricValue {
  std::string name;    // `sqnr_db`, `text_box_f1`
  std::string output;  // the output it is about; empty: all of them
  std::optional<double> baseline;
  std::optional<double> converted;
  int64_t n = 0;                                  // samples
  std::optional<std::array<double, 2>> interval;  // 95 %, of `converted`, by bootstrap over samples
  std::optional<std::array<double, 2>> baseline_interval;  // where the baseline is measured, too
  std::string reason;
  bool is_perfect = false;  // no `converted` because nothing differs: any floor is met
  std::map<std::string, double> details;  // counts behind the number
};

class MetricAccumulator {
 public:
  virtual ~MetricAccumulator() = default;
  // An Error where the outputs do not fit the metric or one another; it names the sample.
  virtual Result<void> add(const SampleOutputs& sample) = 0;
  virtual std::vector<MetricValue> finish() const = 0;
};

struct MetricContext {
  std::vector<std::string> output_names = {};
  const Decoder* decoder = nullptr;     // where the metric needs one
  DecoderOptions decoder_options = {};  // complete
  uint64_t seed = 0;                    // of the bootstrap
  size_t resamples = 1000;              // of the bootstrap; 0: no intervals, for searches
};

// A unit of metrics/: how far the converted model is from the float model, or from labels.
struct Metric {
  std::string id;
  std::string summary;
  std::string needs = {};   // what the decoder must produce; empty: no decoder
  std::string labels = {};  // what labels must give, `category` or `boxes`; empty: it reads none
                            // and compares with the float model
  std::function<std::unique_ptr<MetricAccumulator>(const MetricContext&)> create;
};

using MetricRegistry = Registry<Metric>;
void register_all_metrics(MetricRegistry& registry);

// 95 % percentile interval of `statistic` over resamples, with replacement, of `n` samples (Efron
// 1979); the same seed gives the same interval everywhere. Nothing for fewer than two samples, or
// where a resample has no value.
using ResampleStatistic = std::function<std::optional<double>(std::span<const size_t> indices)>;
std::optional<std::array<double, 2>> bootstrap_interval(size_t n, uint64_t seed,
                                                        const ResampleStatistic& statistic,
                                                        size_t resamples = 1000);
// The same with what the context says of seed and resamples.
std::optional<std::array<double, 2>> bootstrap_interval(size_t n, const MetricContext& context,
                                                        const ResampleStatistic& statistic);

// Both models' output i as doubles; an Error where their shapes differ.
struct OutputPair {
  std::vector<double> baseline, converted;
};
Result<OutputPair> output_pair(const SampleOutputs& sample, size_t output,
                               const MetricContext& context);

}  // namespace acuate
