#include "report/html/svg.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "report/html/markup.h"
#include "report/plots/histogram_outline.h"

namespace acuate {
namespace {

constexpr double kWidth = 100;
constexpr double kHeight = 24;
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
  const int64_t most = highest_count(tensor);
  if (most <= 0) return "";
  const ReportHistogram& histogram = *tensor.histogram;
  const PlotScale x(std::min(histogram.min, tensor.range_min.value_or(histogram.min)),
                    std::max(histogram.max, tensor.range_max.value_or(histogram.max)), 0, kWidth);
  const HistogramOutline outline = histogram_outline(tensor, x, kHeight, [&](int64_t count) {
    return kHeight * (0.06 + 0.94 * std::log1p(count) / std::log1p(most));
  });
  if (outline.empty()) return "";
  std::string out = fmt::format(
      "<svg class=\"hist\" viewBox=\"0 0 {:g} {:g}\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"histogram from {:.4g} to {:.4g}\">",
      kWidth, kHeight, histogram.min, histogram.max);
  if (!outline.inside.empty()) out += "<path class=\"in\" d=\"" + outline.inside + "\"/>";
  if (!outline.outside.empty()) out += "<path class=\"out\" d=\"" + outline.outside + "\"/>";
  if (x.low() <= 0 && x.high() >= 0) out += vertical(x(0), "zero");
  if (tensor.range_min) out += vertical(x(*tensor.range_min), "clip");
  if (tensor.range_max) out += vertical(x(*tensor.range_max), "clip");
  return out + "</svg>";
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
