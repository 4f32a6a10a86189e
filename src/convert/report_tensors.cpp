#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "base/text.h"
#include "convert/report_parts.h"
#include "quantize/drift.h"
#include "quantize/hybrid.h"
#include "report/histogram.h"

namespace acuate {
namespace {

constexpr int kHistogramBins = 96;  // of a drawing that is 600 wide
constexpr size_t kMaxChannels = 8192;
constexpr size_t kDepthSamples = 4;

ReportHistogram report_histogram(const Histogram& histogram) {
  std::vector<double> edges;
  std::vector<int64_t> counts;
  for (const HistogramBin& bin : histogram.bins()) {
    if (edges.empty()) edges.push_back(bin.low);
    if (bin.low > edges.back()) {
      edges.push_back(bin.low);
      counts.push_back(0);
    }
    edges.push_back(bin.high);
    counts.push_back(static_cast<int64_t>(bin.count));
  }
  if (counts.empty()) return {};
  return rebin(edges, counts, kHistogramBins);
}

// Drawings need no more, and the file is a third.
double five_digits(double value) {
  return parse_double(fmt::format("{:.5g}", value)).value_or(value);
}

Measure decibels_of(double signal, double noise) {
  if (!(signal > 0)) return Measure::none("no signal");
  if (!(noise > 0)) return Measure::none("no noise");
  return Measure(five_digits(10 * std::log10(signal / noise)));
}

// What every method that goes by the values would have chosen for them on the tensor's own scheme.
std::vector<ReportRange> ranges_of_methods(const Histogram& histogram, const Quantization& chosen) {
  std::vector<ReportRange> rows;
  const Scheme* scheme = schemes().lookup(chosen.scheme);
  if (scheme == nullptr || chosen.is_float() || chosen.per_channel_axis >= 0) return rows;
  if (histogram.finite_count() == 0) return rows;
  const GridNoiseModel noise(histogram);
  for (const RangeMethod& method : range_methods().all()) {
    if (method.refined_at_outputs) continue;  // what values alone do not tell
    const auto range_of = method.prepare("");
    if (!range_of) continue;
    const Range range = (*range_of)(histogram, *scheme);
    AffineGrid grid = scheme->from_range(range.min, range.max, chosen.narrow_range).grid();
    if (const auto coarser = scheme->unclipped(range.min, range.max);
        coarser && noise.noise(coarser->grid()).total() < noise.noise(grid).total())
      grid = coarser->grid();
    rows.push_back({to_kebab_case(method.id),
                    five_digits(static_cast<double>(grid.lowest) * grid.scale),
                    five_digits(static_cast<double>(grid.highest) * grid.scale),
                    decibels_of(noise.signal(), noise.noise(grid).total())});
  }
  return rows;
}

void describe_values(ReportTensor& row, const Histogram& histogram, const Quantization& grid) {
  row.histogram = report_histogram(histogram);
  row.methods = ranges_of_methods(histogram, grid);
}

// The axis along which a weight's grids are, or would be: that of the output channels.
std::optional<size_t> channel_axis(const Value& weight, size_t rank, const Quantization& grid) {
  if (grid.per_channel_axis >= 0 && static_cast<size_t>(grid.per_channel_axis) < rank)
    return grid.per_channel_axis;
  if (rank < 2 || weight.uses().empty()) return std::nullopt;
  const Node& reader = *weight.uses()[0].node;
  if (reader.op_type() == "Conv") return 0;
  if (reader.op_type() == "ConvTranspose") return 1;
  if (reader.op_type() == "MatMul") return rank - 1;
  if (reader.op_type() == "Gemm") return reader.int_attribute("transB", 0) != 0 ? 0 : 1;
  return std::nullopt;
}

ReportChannels channels_along(const Tensor& weight, size_t axis) {
  const Shape& shape = weight.shape();
  size_t inner = 1;
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= static_cast<size_t>(shape[i]);
  const auto channels = static_cast<size_t>(shape[axis]);
  const std::span<const float> values = weight.values<float>();
  ReportChannels out{std::vector<double>(channels, INFINITY),
                     std::vector<double>(channels, -INFINITY)};
  for (size_t at = 0, channel = 0; at + inner <= values.size(); at += inner) {
    const auto [low, high] = std::minmax_element(values.begin() + at, values.begin() + at + inner);
    out.min[channel] = std::min(out.min[channel], static_cast<double>(*low));
    out.max[channel] = std::max(out.max[channel], static_cast<double>(*high));
    if (++channel == channels) channel = 0;
  }
  for (std::vector<double>* ends : {&out.min, &out.max})
    for (double& end : *ends) end = five_digits(end);
  return out;
}

void describe_weight(ReportTensor& row, const Model& model, const Value& value,
                     const Quantization& grid) {
  const auto weight = model.load(*value.initializer);
  if (!weight || weight->type() != ElementType::Float || weight->values<float>().empty()) return;
  Histogram histogram;
  histogram.add(weight->values<float>());
  histogram.end_sample(0);
  describe_values(row, histogram, grid);
  if (grid.block_size > 0) return;
  const auto axis = channel_axis(value, weight->shape().size(), grid);
  if (!axis || weight->shape()[*axis] < 2) return;
  if (static_cast<size_t>(weight->shape()[*axis]) <= kMaxChannels)
    row.channels = channels_along(*weight, *axis);
}

Measure sqnr_of(std::optional<double> relative_noise) {
  if (!relative_noise) return Measure::none("not measured");
  if (!(*relative_noise > 0)) return Measure::none("no noise");
  return Measure(-10 * std::log10(*relative_noise));
}

ReportHybrid report_hybrid(const Hybrid& hybrid) {
  ReportHybrid out{hybrid.scheme,
                   static_cast<int64_t>(hybrid.promoted),
                   static_cast<int64_t>(hybrid.activations),
                   hybrid.accepted,
                   {}};
  for (const HybridPoint& point : hybrid.curve)
    out.curve.push_back({static_cast<int64_t>(point.promoted), point.share, point.macs_8bit_share,
                         sqnr_of(point.predicted_noise), sqnr_of(point.measured_noise),
                         point.verdict.values});
  return out;
}

}  // namespace

void report_quantization(Report& report, const Model& converted, const ModelModuleTree& modules,
                         const Quantized& quantized) {
  for (const GridOutcome& grid : quantized.grids)
    report.quantization.grids.push_back(
        {grid.scheme, grid.range, grid.used,
         grid.noise > 0 ? Measure(-10 * std::log10(grid.noise)) : Measure::none("no noise")});
  for (const RecoveryOutcome& outcome : quantized.recovery)
    report.quantization.recovery.push_back({outcome.id, static_cast<int64_t>(outcome.places),
                                            outcome.used,
                                            outcome.gain_db      ? Measure(*outcome.gain_db)
                                            : outcome.places > 0 ? Measure::none("not measured")
                                                                 : Measure::none("nothing to do")});
  if (quantized.hybrid) report.quantization.hybrid = report_hybrid(*quantized.hybrid);
  for (const TensorEncoding& encoding : quantized.encodings.tensors) {
    const Quantization& grid = encoding.quantization;
    ReportTensor row;
    row.name = to_valid_utf8(encoding.tensor);
    const Value* value = converted.graph().find(encoding.tensor);
    row.kind = value != nullptr && value->is_constant() ? "weight" : "activation";
    if (value != nullptr && value->producer != nullptr)
      row.module = modules.module_of(*value->producer).path;
    row.scheme = grid.scheme;
    row.bits = grid.bits;
    if (grid.per_channel_axis >= 0) row.axis = grid.per_channel_axis;
    row.scale.assign(grid.scale.begin(), grid.scale.end());
    row.zero_point.assign(grid.zero_point.begin(), grid.zero_point.end());
    double low = grid.is_float() ? encoding.range_min : 0;
    double high = grid.is_float() ? encoding.range_max : 0;
    for (size_t c = 0; c < grid.scale.size(); ++c) {
      const AffineGrid channel = grid.grid(c);
      low = std::min(low, static_cast<double>(channel.lowest) * channel.scale);
      high = std::max(high, static_cast<double>(channel.highest) * channel.scale);
    }
    row.range_min = Measure(low);
    row.range_max = Measure(high);
    row.range_method = encoding.range_method;
    row.sqnr_db = encoding.sqnr_db ? Measure(*encoding.sqnr_db)
                                   : Measure::none("no signal, or no error at all");
    row.clipped_fraction = encoding.clipped_fraction ? Measure(*encoding.clipped_fraction)
                                                     : Measure::none("not measured");
    if (const auto found = quantized.calibration.histograms.find(encoding.tensor);
        found != quantized.calibration.histograms.end())
      describe_values(row, found->second, grid);
    else if (value != nullptr && value->is_constant())
      describe_weight(row, converted, *value, grid);
    report.quantization.tensors.push_back(std::move(row));
  }
}

void report_depth(Report& report, const Quantized& quantized, const Target& target,
                  const Samples& samples, const ConvertOptions& options) {
  std::vector<std::string> activations;
  for (const TensorEncoding& encoding : quantized.encodings.tensors)
    if (const Value* value = quantized.float_model->graph().find(encoding.tensor);
        value != nullptr && !value->is_constant())
      activations.push_back(encoding.tensor);
  const auto measured = [&]() -> Result<std::unordered_map<std::string, double>> {
    if (!samples.calibration) return fail("there were no samples");
    const SampleSet& set = *samples.calibration;
    return measure_drift(
        quantized, target, activations, std::min(set.size(), kDepthSamples),
        [&](size_t i) { return set.load(i); },
        {.threads = options.threads, .max_memory_bytes = options.max_memory_bytes, .progress = {}});
  }();
  std::unordered_map<std::string, double> sqnr_db_of;
  if (measured)
    for (const auto& [tensor, sqnr_db] : *measured) sqnr_db_of[to_valid_utf8(tensor)] = sqnr_db;
  for (ReportTensor& row : report.quantization.tensors) {
    if (row.kind != "activation") continue;
    const auto found = sqnr_db_of.find(row.name);
    row.network_sqnr_db = !measured ? Measure::none(measured.error().message)
                          : found == sqnr_db_of.end()
                              ? Measure::none("an input, or no error at all")
                              : Measure(five_digits(found->second));
  }
}

void report_module_noise(Report& report) {
  std::unordered_map<std::string, const ReportTensor*> last;
  for (const ReportTensor& tensor : report.quantization.tensors) {
    if (tensor.kind != "activation") continue;
    std::string path = tensor.module;
    while (!path.empty()) {
      last[path] = &tensor;
      const size_t end = path.find_last_of("./");
      path = end == std::string::npos ? "" : path.substr(0, end);
    }
    last["(model)"] = &tensor;
  }
  for (ReportModule& row : report.modules) {
    const auto found = last.find(row.path);
    row.sqnr_db = found == last.end() ? Measure::none("nothing in it is quantized")
                                      : found->second->network_sqnr_db;
  }
}

}  // namespace acuate
