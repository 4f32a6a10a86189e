#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "numeric/graph_changes.h"
#include "quantize/calibrate.h"
#include "quantize/range.h"

namespace acuate {

struct Quantized;

// What real runs of a quantized model say of it: whether it is good enough, and why, by metric.
struct HybridVerdict {
  bool is_enough = true;
  std::vector<std::pair<std::string, double>> values;
};
using HybridJudge = std::function<Result<HybridVerdict>(const Quantized&)>;

// How much work may leave 8 bits, both in what a layer's work is counted in.
struct HybridBudget {
  std::optional<double> share;  // of that of all planned layers, 0 to 1
  std::optional<double> total;
};

struct QuantizeOptions {
  QuantizationRequest request;
  std::string range;  // method; empty: chosen by trial, or mse where there are no samples to try
  std::string weight_range = "minmax";  // or `mse`, see least_error_scales()
  CalibrationOptions calibration;
  // Ids of recoveries, applied as they stand; with `auto` among them, those and all others that are
  // measured to help. Nothing: `auto`.
  std::optional<std::vector<std::string>> recover;
  // What activations are promoted to where 8 bits do harm: `s16`, `u16`, `float`; empty: none are.
  std::string hybrid;
  std::optional<double> hybrid_share;    // at most this share of activations
  std::optional<double> hybrid_sqnr_db;  // at least this ratio at the outputs, with the fewest
  HybridBudget hybrid_budget = {};
  std::function<double(const Node&)> hybrid_work_of = {};  // empty: multiply-accumulates
  HybridJudge hybrid_judge = {};  // in place of hybrid_sqnr_db: on what data it likes
  // Measured before, of this float graph: no data are read then, so `recover` must not ask for more
  // than phase Grids, and no hybrid be asked for.
  const Calibration* measured = nullptr;
  // Says where activations that are not finite come from, given the calibration that met them and
  // what it loaded its samples by. Empty: the first tensor asked for and its sample are told.
  std::function<Error(const Calibration&, const SampleLoader&)> explain_non_finite = {};
};

// Encodings for a plan: activations by the range method from their histograms, weights by
// their exact extremes or, with `mse`, the least squared error.
Result<Encodings> choose_encodings(const Model& model, const QuantizationPlan& plan,
                                   const Calibration& calibration, const RangeChoice& range,
                                   const std::string& weight_range = "minmax");

// Of one weight.
Result<TensorEncoding> weight_encoding(const Model& model, const PlannedWeight& planned,
                                       const std::string& range = "minmax");

struct Hybrid;

// What a recovery did, or would have done.
struct RecoveryOutcome {
  std::string id;
  size_t places = 0;  // that it changed
  bool used = false;
  // By which it lowers the noise at the outputs: on samples that it had not seen, where there are
  // two or more. Nothing: not measured, since it was asked for by name.
  std::optional<double> gain_db;
};

// A scheme and a range method that were tried, with what the emitted form then does at the outputs.
struct GridOutcome {
  std::string scheme;  // of activations
  std::string range;
  double noise = 0;  // power over signal power, mean of output groups, on samples not ranged by
  bool used = false;
};

// A float graph and what belongs to it; the target's quantized form is emitted from both.
struct Quantized {
  std::unique_ptr<Model> float_model;  // after recovery, which the encodings are for
  Encodings encodings;
  GraphChanges changes;  // that made the float model of the one that was given
  std::vector<RecoveryOutcome> recovery;
  std::vector<GridOutcome> grids;        // that were tried; empty where they were named
  std::shared_ptr<const Hybrid> hybrid;  // hybrid.h; null where none was asked for
  Calibration calibration;
  std::vector<std::string> anchors;  // addresses of nodes that are to run in integers
  std::vector<std::pair<std::string, std::string>> kept_float;  // address and reason
  std::unique_ptr<Model> model;                                 // the target's quantized form
};

// Plan within what the target allows, recover, calibrate in one pass (or take what was measured),
// choose ranges, emit. `model` is the simplified float graph with static shapes and opset ≥ 13. A
// model that holds QuantizeLinear already, or whose activations are not finite, is refused.
Result<Quantized> quantize_model(const Model& model, const Target& target, size_t samples,
                                 const SampleLoader& load, const QuantizeOptions& options = {});

// Weights alone, by `request.weights_only` and `request.group`: no data are needed, everything is
// computed in float. Each scale is the one of least squared error. `model` as above, of opset ≥ 21
// for groups and 4 bits.
Result<Quantized> quantize_weights(const Model& model, const Target& target,
                                   const QuantizationRequest& request);

// The same of encodings that stand already, with what recovery did: from the model that they were
// chosen for it gives the same quantized model to the bit. Of the options, the request and the
// calibration count; with samples, the encodings' SQNR and clipped fraction are measured anew.
// Errors: encodings and changes that do not fit the model; the message names the tensor.
Result<Quantized> apply_encodings(const Model& model, const Target& target,
                                  const Encodings& encodings, const GraphChanges& changes,
                                  size_t samples, const SampleLoader& load,
                                  const QuantizeOptions& options = {});

// What the encoding's grid does to these values: SQNR and clipped fraction.
void measure_encoding(const Histogram& histogram, TensorEncoding& encoding);

// Errors: the model holds operators of quantized models already; an activation was NaN or infinite.
Result<void> refuse_quantized(const Model& model);
Result<void> refuse_non_finite(const Calibration& calibration);

}  // namespace acuate
