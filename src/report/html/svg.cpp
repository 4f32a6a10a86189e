#include "report/html/svg.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "report/html/markup.h"

namespace acuate {
namespace {

constexpr double kWidth = 100;
constexpr double kHeight = 24;
constexpr size_t kMaxBins = 256;
constexpr size_t kMaxTicks = 400;
constexpr int kStageColours = 6;

std::string vertical(double x, const char* type) {
  return fmt::format("<line class=\"{0}\" x1=\"{1:.4g}\" x2=\"{1:.4g}\" y1=\"0\" y2=\"{2:g}\"/>",
                     type, x, kHeight);
}

double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * (sorted.size() - 1);
  const auto low = static_cast<size_t>(at);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

}  // namespace

std::string histogram_svg(const ReportTensor& tensor) {
  if (!tensor.histogram || tensor.histogram->counts.empty()) return "";
  const ReportHistogram& histogram = *tensor.histogram;
  const size_t bins = histogram.counts.size();
  const double low = std::min(histogram.min, tensor.range_min.value_or(histogram.min));
  const double high = std::max(histogram.max, tensor.range_max.value_or(histogram.max));
  const int64_t most = *std::max_element(histogram.counts.begin(), histogram.counts.end());
  const double extent = high - low;
  if (bins > kMaxBins || most <= 0 || !std::isfinite(extent) || extent < 0) return "";
  const auto x_of = [&](double x) { return extent > 0 ? (x - low) / extent * kWidth : kWidth / 2; };

  std::string inside, outside;
  for (size_t i = 0; i < bins; ++i) {
    if (histogram.counts[i] <= 0) continue;
    const double step = (histogram.max - histogram.min) / bins;
    const double left = histogram.min + step * i;
    const double centre = left + step / 2;
    const double height =
        kHeight * (0.06 + 0.94 * std::log1p(histogram.counts[i]) / std::log1p(most));
    const double width = std::max(x_of(left + step) - x_of(left), 0.7);
    const bool is_clipped = centre < tensor.range_min.value_or(-INFINITY) ||
                            centre > tensor.range_max.value_or(INFINITY);
    (is_clipped ? outside : inside) += fmt::format("M{:.4g} {:g}v-{:.4g}h{:.4g}v{:.4g}z",
                                                   x_of(left), kHeight, height, width, height);
  }
  std::string out = fmt::format(
      "<svg class=\"hist\" viewBox=\"0 0 {:g} {:g}\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"histogram from {:.4g} to {:.4g}\">",
      kWidth, kHeight, histogram.min, histogram.max);
  if (!inside.empty()) out += "<path class=\"in\" d=\"" + inside + "\"/>";
  if (!outside.empty()) out += "<path class=\"out\" d=\"" + outside + "\"/>";
  if (low <= 0 && high >= 0) out += vertical(x_of(0), "zero");
  if (tensor.range_min) out += vertical(x_of(*tensor.range_min), "clip");
  if (tensor.range_max) out += vertical(x_of(*tensor.range_max), "clip");
  return out + "</svg>";
}

std::string trade_off_svg(const ReportHybrid& hybrid) {
  constexpr double width = 320, height = 96, margin = 6;
  double low = INFINITY, high = -INFINITY;
  for (const ReportHybridPoint& point : hybrid.curve)
    for (const Measure& measure : {point.sqnr_db, point.predicted_sqnr_db})
      if (measure) {
        low = std::min(low, *measure);
        high = std::max(high, *measure);
      }
  if (hybrid.curve.size() < 2 || !(high > low)) return "";
  const auto x_of = [&](double share) {
    return margin + std::sqrt(std::clamp(share, 0.0, 1.0)) * (width - 2 * margin);
  };
  const auto y_of = [&](double db) {
    return height - margin - (db - low) / (high - low) * (height - 2 * margin);
  };
  std::string measured, predicted, points;
  for (const ReportHybridPoint& point : hybrid.curve) {
    const double x = x_of(point.share);
    if (point.predicted_sqnr_db)
      predicted += fmt::format("{:.4g},{:.4g} ", x, y_of(*point.predicted_sqnr_db));
    if (!point.sqnr_db) continue;
    measured += fmt::format("{:.4g},{:.4g} ", x, y_of(*point.sqnr_db));
    points += fmt::format("<circle class=\"{}\" cx=\"{:.4g}\" cy=\"{:.4g}\" r=\"{}\"/>",
                          point.promoted == hybrid.promoted ? "chosen" : "point", x,
                          y_of(*point.sqnr_db), point.promoted == hybrid.promoted ? 4 : 2);
  }
  return fmt::format(
      "<svg class=\"tradeoff\" viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"signal to "
      "noise at the outputs, from {:.3g} to {:.3g} dB, by the share of promoted activations\">"
      "<polyline class=\"predicted\" points=\"{}\"/><polyline class=\"measured\" "
      "points=\"{}\"/>{}</svg>",
      width, height, low, high, predicted, measured, points);
}

std::string bar_svg(double fraction, const char* tone) {
  return fmt::format(
      "<svg class=\"bar\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
      "<rect class=\"{}\" width=\"{:.4g}\" height=\"8\" rx=\"2\"/></svg>",
      tone, 100 * std::clamp(std::isfinite(fraction) ? fraction : 0.0, 0.0, 1.0));
}

std::string stages_svg(std::span<const ReportStage> stages) {
  double total = 0;
  for (const ReportStage& stage : stages) total += std::max(stage.seconds, 0.0);
  if (!(total > 0) || !std::isfinite(total)) return "";
  std::string out =
      "<svg class=\"stages\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" "
      "aria-hidden=\"true\">";
  double at = 0;
  for (size_t i = 0; i < stages.size(); ++i) {
    const double width = std::max(stages[i].seconds, 0.0) / total * 100;
    out += fmt::format(
        "<rect class=\"s{}\" x=\"{:.5g}\" width=\"{:.5g}\" height=\"10\"><title>{}</title></rect>",
        i % kStageColours, at, width, escape_html(stages[i].name));
    at += width;
  }
  return out + "</svg>";
}

std::string strip_svg(std::span<const double> samples, double low, double high, const char* tone) {
  std::vector<double> sorted;
  for (double sample : samples) {
    if (std::isfinite(sample)) sorted.push_back(sample);
  }
  std::sort(sorted.begin(), sorted.end());
  std::string out = fmt::format(
      "<svg class=\"{}\" viewBox=\"0 0 100 {:g}\" preserveAspectRatio=\"none\" "
      "aria-hidden=\"true\">",
      tone, kHeight);
  if (sorted.empty() || !(high > low)) return out + "</svg>";
  const auto x_of = [&](double x) { return (x - low) / (high - low) * 100; };
  const double left = x_of(quantile(sorted, 0.25));
  out += fmt::format("<rect class=\"box\" x=\"{:.4g}\" y=\"4\" width=\"{:.4g}\" height=\"{:g}\"/>",
                     left, std::max(x_of(quantile(sorted, 0.75)) - left, 0.3), kHeight - 8);
  const size_t step = sorted.size() / kMaxTicks + 1;
  for (size_t i = 0; i < sorted.size(); i += step) out += vertical(x_of(sorted[i]), "tick");
  return out + vertical(x_of(quantile(sorted, 0.5)), "median") + "</svg>";
}

}  // namespace acuate
