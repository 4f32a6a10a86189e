#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "convert/data_findings.h"
#include "diagnose/mixed_ranges_finding.h"
#include "edit/address.h"
#include "graph/module_tree.h"
#include "shape/infer.h"

namespace acuate {
namespace {

constexpr double kOutlierRatio = 8;  // largest value against the one of 10⁴ below it
constexpr double kOutlierShare = 1e-4;
constexpr uint64_t kFewestValues = 20'000;  // for that one to be seen
constexpr size_t kFewestSamples = 8;
constexpr double kMedianGrowth = 0.10;  // of ranges, from half of the samples to all
constexpr double kTensorGrowth = 0.25, kTensorShare = 0.10;

// On the node of the user's model that makes the tensor; where there is none, on the tensor.
void place(Finding& finding, std::string_view tensor, const Model& original,
           const ModelModuleTree& modules) {
  const Value* value = original.graph().find(tensor);
  const Node* node = value != nullptr ? value->producer : nullptr;
  if (node != nullptr) file_under(finding, modules, {node});
  finding.nodes = {node != nullptr ? node_path(*node) : to_valid_utf8(tensor)};
}

// Of a calibration that met values that are not finite.
Finding not_finite_finding(const Model& original, const ModelModuleTree& modules,
                           const Calibration& calibration) {
  const NonFinite& first = calibration.non_finite.front();
  const Histogram& histogram = calibration.histograms.find(first.tensor)->second;
  const size_t more = calibration.non_finite.size() - 1;
  Finding finding = new_finding("not_finite");
  place(finding, first.tensor, original, modules);
  finding.cause = "an activation is NaN or infinite on the data";
  finding.evidence =
      fmt::format("'{}' first in sample {}: {} NaN, {} infinite of {} values; {} further {}",
                  to_valid_utf8(first.tensor), first.sample, histogram.nan_count(),
                  histogram.total() - histogram.finite_count() - histogram.nan_count(),
                  histogram.total(), more, more == 1 ? "tensor follows" : "tensors follow");
  return finding;
}

class CalibrationFindings {
 public:
  CalibrationFindings(const Model& original, const Model& float_model,
                      const Calibration& calibration, std::vector<Finding>& told)
      : original_(original),
        float_model_(float_model),
        calibration_(calibration),
        modules_(ModelModuleTree::of(original)),
        told_(told) {}

  void run() {
    tell_not_finite();
    for (const auto& [name, histogram] : calibration_.histograms) tell_outliers(name, histogram);
    tell_mixed_ranges();
    tell_unsettled();
    for (Finding& finding : findings_) {
      finding.stage = "calibrate";
      told_.push_back(std::move(finding));
    }
  }

 private:
  void place(Finding& finding, std::string_view tensor) const {
    acuate::place(finding, tensor, original_, modules_);
  }

  void tell_not_finite() {
    if (!calibration_.non_finite.empty())
      findings_.push_back(not_finite_finding(original_, modules_, calibration_));
  }

  void tell_outliers(const std::string& name, const Histogram& histogram) {
    if (histogram.finite_count() < kFewestValues || !histogram.range()) return;
    const double largest = std::max(std::abs(static_cast<double>(histogram.range()->min)),
                                    std::abs(static_cast<double>(histogram.range()->max)));
    const double usual = histogram.magnitude_quantile(1 - kOutlierShare);
    if (!(usual > 0) || largest < kOutlierRatio * usual) return;
    Finding finding = new_finding("activation_outliers");
    place(finding, name);
    finding.cause = "a few values are far larger than all others; a grid that holds them is coarse";
    finding.evidence = fmt::format(
        "'{}' reaches {:.4g}, while 99.99 % of its {} values are within ±{:.4g}: with all of them "
        "inside, a step of 8 bits is {:.1f} times as large",
        to_valid_utf8(name), largest, histogram.finite_count(), usual, largest / usual);
    findings_.push_back(std::move(finding));
  }

  void tell_mixed_ranges() {
    const auto range_of = [&](const Value& value) -> std::optional<ValueRange> {
      const auto found = calibration_.histograms.find(value.name);
      if (found == calibration_.histograms.end() || !found->second.range()) return std::nullopt;
      return ValueRange{found->second.range()->min, found->second.range()->max};
    };
    std::unique_ptr<Model> inferred;         // a cut asks for types, which a model need not declare
    std::optional<ModelModuleTree> modules;  // of that
    for (const MixedConcat& mixed : mixed_concats(float_model_.graph(), range_of)) {
      const Value* output = original_.graph().find(mixed.node->output()->name);
      if (output == nullptr || output->producer == nullptr || !output->producer->is_op("Concat"))
        continue;
      const std::vector<std::string> nodes = {node_path(*output->producer)};
      const auto known = std::find_if(told_.begin(), told_.end(), [&](const Finding& each) {
        return each.id == "mixed_ranges" && each.nodes == nodes;
      });
      if (known != told_.end()) {
        known->evidence += "; measured: " + mixed.text();
        continue;
      }
      if (inferred == nullptr) {
        inferred = original_.clone();
        infer_shapes(*inferred);
        modules = ModelModuleTree::of(*inferred);
      }
      const Node& node = *inferred->graph().find(output->name)->producer;
      Finding finding = mixed_ranges_finding(*inferred, node, mixed, *modules);
      finding.evidence = "measured: " + finding.evidence;
      findings_.push_back(std::move(finding));
    }
  }

  // How much wider the range of all samples is than that of either half on average, and where that
  // cannot be told nothing.
  static std::optional<double> growth(const Histogram& histogram) {
    const auto& samples = histogram.sample_ranges();
    const auto width = [&](size_t first, size_t last) {
      double low = INFINITY, high = -INFINITY;
      for (size_t i = first; i < last; ++i) {
        if (!samples[i].range) continue;
        low = std::min(low, static_cast<double>(samples[i].range->min));
        high = std::max(high, static_cast<double>(samples[i].range->max));
      }
      return high >= low ? high - low : 0;
    };
    const size_t half = samples.size() / 2;
    const double halves = (width(0, half) + width(half, samples.size())) / 2;
    if (half == 0 || !(halves > 0)) return std::nullopt;
    return width(0, samples.size()) / halves - 1;
  }

  // Every tensor has the same range in every sample.
  bool is_all_alike() const {
    if (calibration_.samples < 2 || calibration_.histograms.empty()) return false;
    for (const auto& [name, histogram] : calibration_.histograms)
      for (const SampleRange& sample : histogram.sample_ranges())
        if (sample.range != histogram.sample_ranges()[0].range) return false;
    return true;
  }

  void tell_unsettled() {
    std::vector<std::pair<double, std::string>> growths;
    for (const auto& [name, histogram] : calibration_.histograms)
      if (const auto grown = growth(histogram)) growths.emplace_back(*grown, name);
    std::sort(growths.begin(), growths.end());
    const auto moving =
        static_cast<double>(std::count_if(growths.begin(), growths.end(), [](const auto& entry) {
          return entry.first > kTensorGrowth;
        }));
    const size_t count = growths.size();
    const double median = count == 0 ? 0 : growths[count / 2].first;
    const bool is_small = calibration_.samples < kFewestSamples;
    const bool is_alike = is_all_alike();
    if (!is_small && !is_alike && median <= kMedianGrowth &&
        (count == 0 || moving < kTensorShare * static_cast<double>(count)))
      return;
    Finding finding = new_finding("calibration_unsettled");
    finding.cause = is_alike ? "the calibration samples are all alike: they say no more than one"
                    : is_small
                        ? "the calibration set is too small for ranges to hold on other samples"
                        : "the ranges of activations still grow with every sample";
    finding.evidence =
        fmt::format("{} sample{}", calibration_.samples, calibration_.samples == 1 ? "" : "s");
    if (count > 0)
      finding.evidence += fmt::format(
          "; from half of them to all, ranges grow by {:.0f} % (median of {} tensors), most '{}' "
          "by {:.0f} %",
          100 * median, count, to_valid_utf8(growths.back().second), 100 * growths.back().first);
    // Of n + 1 samples in any order the last has the largest value with probability 1 / (n + 1).
    finding.evidence +=
        fmt::format("; one more sample exceeds the largest value so far in 1 of {} tensors",
                    calibration_.samples + 1);
    findings_.push_back(std::move(finding));
  }

  const Model& original_;
  const Model& float_model_;
  const Calibration& calibration_;
  const ModelModuleTree modules_;
  std::vector<Finding>& told_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<std::string> float_activations(const Model& model) {
  std::vector<std::string> names;
  const auto add = [&](const Value* value) {
    if (value != nullptr && value->type.element == ElementType::Float && value->type.is_static())
      names.emplace_back(value->name);
  };
  for (const Value* input : model.graph().inputs())
    if (!input->initializer) add(input);
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next())
    if (!node->is_op("Constant"))
      for (const Value* output : node->outputs()) add(output);
  return names;
}

Error explain_non_finite(const Model& original, const Model& float_model, const Target& engine,
                         const SampleSet& samples, size_t sample, const CalibrationOptions& options,
                         const Calibration& met) {
  auto traced = calibrate(
      float_model, engine, float_activations(float_model), 1,
      [&](size_t) { return samples.load(sample); }, options);
  if (!traced) return traced.error();
  // An engine that fuses may round otherwise when all is asked for.
  if (traced->non_finite.empty()) traced = met;
  for (NonFinite& each : traced->non_finite) each.sample = sample;
  const Finding finding = not_finite_finding(original, ModelModuleTree::of(original), *traced);
  const Value* value = original.graph().find(traced->non_finite.front().tensor);
  const bool is_made = value != nullptr && value->producer != nullptr;
  return fail(
      "not_finite: {}: {}; sample {} is '{}'; {}; `acuate explain not-finite` says more",
      finding.cause, finding.evidence, sample, samples.name(sample),
      is_made            ? fmt::format("made by node '{}'{}", finding.nodes[0],
                            finding.module.empty() ? std::string()
                                                              : fmt::format(" of module '{}'", finding.module))
                 : value != nullptr ? "it is an input: check the sample and its pre-processing"
                         : "no node of the given model makes it by this name");
}

void tell_calibration(const Model& original, const Model& float_model,
                      const Calibration& calibration, std::vector<Finding>& told) {
  CalibrationFindings(original, float_model, calibration, told).run();
}

}  // namespace acuate
