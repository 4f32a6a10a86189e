#include "quantize/quantize.h"

#include <cmath>

#include "base/text.h"
#include "numeric/quantize_values.h"
#include "quantize/hybrid.h"
#include "quantize/output_noise.h"
#include "quantize/weight_range.h"

namespace acuate {
namespace {

std::optional<double> ratio_db(double signal, double noise) {
  if (!(signal > 0) || !(noise > 0)) return std::nullopt;
  return 10 * std::log10(signal / noise);
}

// Of rounding to a floating-point format, whose step follows the value.
std::optional<double> float_ratio_db(const Histogram& histogram, const Scheme& format) {
  double signal = 0, noise = 0;
  for (const HistogramBin& bin : histogram.bins()) {
    const double centre = 0.5 * (bin.low + bin.high);
    int exponent = 0;
    std::frexp(centre, &exponent);
    const double step = std::ldexp(1.0, exponent - 1 - format.mantissa_bits);
    signal += static_cast<double>(bin.count) * centre * centre;
    if (centre != 0) noise += static_cast<double>(bin.count) * step * step / 12;
  }
  return ratio_db(signal, noise);
}

Result<TensorEncoding> activation_encoding(const PlannedActivation& planned,
                                           const Calibration& calibration,
                                           const RangeChoice& range) {
  const std::string name(planned.value->name);
  auto scheme = schemes().find(planned.scheme, "scheme");
  if (!scheme) return scheme.error();
  const auto found = calibration.histograms.find(name);
  if (found == calibration.histograms.end())
    return fail("activation '{}' was not calibrated", to_valid_utf8(name));
  const Histogram& histogram = found->second;
  TensorEncoding encoding;
  encoding.tensor = name;
  if ((*scheme)->is_float()) {
    const auto extremes = histogram.range().value_or(FloatRange{});
    encoding.quantization = (*scheme)->from_range(extremes.min, extremes.max);
    encoding.range_min = extremes.min;
    encoding.range_max = extremes.max;
    encoding.sqnr_db = float_ratio_db(histogram, **scheme);
    return encoding;
  }
  const Range chosen = range.range(histogram, **scheme);
  encoding.quantization = (*scheme)->from_range(chosen.min, chosen.max);
  encoding.range_min = chosen.min;
  encoding.range_max = chosen.max;
  encoding.range_method = range.text;
  const GridNoiseModel noise(histogram);
  if (auto coarser = (*scheme)->unclipped(chosen.min, chosen.max);
      coarser &&
      noise.noise(coarser->grid()).total() < noise.noise(encoding.quantization.grid()).total())
    encoding.quantization = std::move(*coarser);
  measure_encoding(histogram, encoding);
  return encoding;
}

// By the limits, by what the judge says or the noise at the outputs, or by both.
Result<HybridChoice> hybrid_for(const Quantizer& quantizer, const Prepared& prepared,
                                const std::vector<const Recovery*>& used, size_t samples,
                                const SampleLoader& load) {
  const QuantizeOptions& options = quantizer.options();
  HybridRequest request{to_snake_case(options.hybrid), options.hybrid_share, options.hybrid_budget,
                        options.hybrid_work_of, options.hybrid_judge};
  SampleSubset judged{{}, load};
  for (size_t i = 0; i < std::min(samples, 2 * kTrialSamples); ++i) judged.indices.push_back(i);
  std::optional<OutputNoise> noise;
  if (options.hybrid_sqnr_db && !options.hybrid_judge) {
    auto made = OutputNoise::of(quantizer.model(), quantizer.target(), judged, quantizer.threads());
    if (!made) return made.error();
    noise.emplace(std::move(*made));
    request.judge = [&noise, floor = *options.hybrid_sqnr_db](
                        const Quantized& candidate) -> Result<HybridVerdict> {
      auto relative = noise->relative(*candidate.model);
      if (!relative) return relative.error();
      return HybridVerdict{!(*relative > std::pow(10, -floor / 10)), {}};
    };
  }
  return choose_hybrid(quantizer, prepared, used, samples, load, request);
}

}  // namespace

Result<TensorEncoding> weight_encoding(const Model& model, const PlannedWeight& planned,
                                       const std::string& range) {
  const std::string name(planned.value->name);
  auto scheme = schemes().find(planned.scheme, "scheme");
  if (!scheme) return scheme.error();
  auto values = model.load(*planned.value->initializer);
  if (!values) return fail("weight '{}': {}", to_valid_utf8(name), values.error().message);
  // Where products of two lowest integers would favour a sign.
  const bool narrow = (*scheme)->symmetric && !(*scheme)->power_of_two && !(*scheme)->is_float();
  auto quantization = quantization_of(*values, **scheme, planned.per_channel_axis, narrow);
  if (!quantization)
    return fail("weight '{}': {}", to_valid_utf8(name), quantization.error().message);
  TensorEncoding encoding;
  encoding.tensor = name;
  if (range == "mse")
    quantization = least_error_scales(*values, **scheme, std::move(*quantization));
  if (!quantization) return quantization.error();
  encoding.quantization = std::move(*quantization);
  encoding.range_method = range;
  if (range == "minmax") encoding.clipped_fraction = 0;
  Tensor copy = Tensor::of<float>(values->shape(), values->values<float>());
  if (auto rounded = fake_quantize(copy, encoding.quantization); !rounded) return rounded.error();
  double signal = 0, noise = 0;
  for (size_t i = 0; i < values->values<float>().size(); ++i) {
    const double x = values->values<float>()[i], error = x - copy.values<float>()[i];
    encoding.range_min = std::min(encoding.range_min, x);
    encoding.range_max = std::max(encoding.range_max, x);
    signal += x * x;
    noise += error * error;
  }
  encoding.sqnr_db = ratio_db(signal, noise);
  return encoding;
}

void measure_encoding(const Histogram& histogram, TensorEncoding& encoding) {
  const AffineGrid grid = encoding.quantization.grid();
  const GridNoiseModel model(histogram);
  const GridNoise noise = model.noise(grid);
  encoding.sqnr_db = ratio_db(model.signal(), noise.total());
  if (histogram.finite_count() > 0) {
    const auto count = static_cast<double>(histogram.finite_count());
    encoding.clipping_noise = noise.clipping / count;
    encoding.rounding_noise = noise.rounding / count;
  }
  encoding.clipped_fraction =
      histogram.clipped_fraction((static_cast<double>(grid.lowest) - 0.5) * grid.scale,
                                 (static_cast<double>(grid.highest) + 0.5) * grid.scale);
}

Result<void> refuse_quantized(const Model& model) {
  for (const Graph* graph : model.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      if (node->op_type() == "QuantizeLinear" || node->op_type() == "DynamicQuantizeLinear" ||
          node->op_type().starts_with("QLinear"))
        return fail(
            "the model is quantized already: node '{}' is {}; a second rounding would add to the "
            "first. Convert it as it is with --precision fp32, or take its own grids out with "
            "`acuate encodings` and apply them with --encodings",
            node->address(), node->op_type());
  return {};
}

Result<Encodings> choose_encodings(const Model& model, const QuantizationPlan& plan,
                                   const Calibration& calibration, const RangeChoice& range,
                                   const std::string& weight_range) {
  Encodings encodings;
  for (const PlannedActivation& planned : plan.activations) {
    auto encoding = activation_encoding(planned, calibration, range);
    if (!encoding) return encoding.error();
    encodings.tensors.push_back(std::move(*encoding));
  }
  for (const PlannedWeight& planned : plan.weights) {
    auto encoding = weight_encoding(model, planned, weight_range);
    if (!encoding) return encoding.error();
    encodings.tensors.push_back(std::move(*encoding));
  }
  return encodings;
}

Result<Quantized> quantize_model(const Model& model, const Target& target, size_t samples,
                                 const SampleLoader& load, const QuantizeOptions& options) {
  auto range = parse_range_method(options.range.empty() ? "mse" : options.range);
  if (!range) return range.error();
  if (!options.request.scheme.empty())
    if (auto scheme = schemes().find(options.request.scheme, "scheme"); !scheme)
      return scheme.error();
  if (options.weight_range != "minmax" && options.weight_range != "mse")
    return fail("weight range '{}': expected minmax or mse", options.weight_range);
  if (auto fresh = refuse_quantized(model); !fresh) return fresh.error();
  Quantizer quantizer(model, target, *range, options);
  auto choices = choose_by_trial(quantizer, samples, load);
  if (!choices) return choices.error();
  std::vector<const Recovery*> used;
  for (const RecoveryOutcome& outcome : choices->recovery)
    if (outcome.used) used.push_back(recoveries().lookup(outcome.id));
  std::optional<Prepared> prepared = std::move(choices->prepared);
  if (!prepared) {
    auto made = quantizer.prepare(used, samples, load, options.calibration.progress);
    if (!made) return made.error();
    prepared = std::move(*made);
  }
  std::shared_ptr<const Hybrid> hybrid;
  const auto finished = [&]() -> Result<Quantized> {
    if (options.hybrid.empty())
      return quantizer.finish(*prepared, prepared->encodings, used, samples, load);
    if (const Scheme* wide = schemes().lookup(to_snake_case(options.hybrid));
        wide != nullptr && wide->is_float())
      return fail("hybrid: {} is no grid; take s16, u16 or dfp16, or float", wide->id);
    auto choice = hybrid_for(quantizer, *prepared, used, samples, load);
    if (!choice) return fail("hybrid: {}", choice.error().message);
    hybrid = std::make_shared<const Hybrid>(std::move(choice->hybrid));
    return std::move(choice->quantized);
  };
  auto quantized = finished();
  if (!quantized) return quantized.error();
  quantized->calibration = std::move(prepared->calibration);
  quantized->hybrid = std::move(hybrid);
  for (RecoveryOutcome& outcome : choices->recovery)
    for (const RecoveryOutcome& done : quantized->recovery)
      if (done.id == outcome.id) outcome.places = done.places;
  quantized->recovery = std::move(choices->recovery);
  quantized->grids = std::move(choices->grids);
  return quantized;
}

}  // namespace acuate
