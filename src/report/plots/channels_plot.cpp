#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/plots/plots.h"

namespace acuate {
namespace {

constexpr double kWidth = 720, kLeft = 66, kRight = 708, kTop = 8, kBottom = 178;
constexpr size_t kMaxColumns = 320;

struct Reach {
  std::vector<double> of;  // max|w| by channel
  double median = 0;
  double widest = 0;
  size_t wild = 0;
  bool is_wild(size_t channel) const { return median > 0 && of[channel] > kWildChannel * median; }
};

Reach reach_of(const ReportChannels& channels) {
  Reach reach;
  for (size_t i = 0; i < std::min(channels.min.size(), channels.max.size()); ++i) {
    const double end = std::max(std::abs(channels.min[i]), std::abs(channels.max[i]));
    reach.of.push_back(std::isfinite(end) ? end : 0);
  }
  if (reach.of.empty()) return reach;
  std::vector<double> sorted = reach.of;
  std::sort(sorted.begin(), sorted.end());
  reach.median = sorted[sorted.size() / 2];
  reach.widest = sorted.back();
  for (size_t i = 0; i < reach.of.size(); ++i) reach.wild += reach.is_wild(i);
  return reach;
}

std::string text_of(const Reach& reach) {
  std::string text = fmt::format("{} channels", reach.of.size());
  if (!(reach.median > 0)) return text + ", half of them empty";
  text += fmt::format("; the widest reaches {:.3g} × as far as the median one",
                      reach.widest / reach.median);
  if (reach.wild > 0)
    text += fmt::format("; {} wild, more than {:g} × (red)", reach.wild, kWildChannel);
  return text;
}

}  // namespace

std::string channels_text(const ReportChannels& channels) { return text_of(reach_of(channels)); }

std::string channels_plot(const ReportTensor& tensor, PlotForm form) {
  if (!tensor.channels) return "";
  const ReportChannels& channels = *tensor.channels;
  const Reach reach = reach_of(channels);
  const size_t count = reach.of.size();
  if (count < 2 || !(reach.widest > 0)) return "";
  double low = 0, high = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!std::isfinite(channels.min[i]) || !std::isfinite(channels.max[i])) return "";
    low = std::min(low, channels.min[i]);
    high = std::max(high, channels.max[i]);
  }
  const PlotScale y(low, high, kBottom, kTop);
  Figure figure(kWidth, kBottom + 38);
  figure.y_ticks(y, round_ticks(low, high, 6), kLeft, kRight);
  // Channels share a column where there are more of them than columns.
  const size_t columns = std::min(count, kMaxColumns);
  const double pitch = (kRight - kLeft) / static_cast<double>(columns);
  const double width = std::max(pitch * 0.72, 0.8);
  std::string plain, wild;
  for (size_t c = 0; c < columns; ++c) {
    const size_t first = c * count / columns, end = (c + 1) * count / columns;
    double least = INFINITY, greatest = -INFINITY;
    bool is_wild = false;
    for (size_t i = first; i < end; ++i) {
      least = std::min(least, channels.min[i]);
      greatest = std::max(greatest, channels.max[i]);
      is_wild |= reach.is_wild(i);
    }
    const double height = std::max(y(least) - y(greatest), 1.0);
    (is_wild ? wild : plain) +=
        fmt::format("M{:.4g} {:.4g}h{:.3g}v{:.4g}h-{:.3g}z",
                    kLeft + pitch * (static_cast<double>(c) + 0.5) - width / 2, y(greatest), width,
                    height, width);
  }
  figure.path("in", plain);
  figure.path("out", wild);
  figure.line("zero", kLeft, y(0), kRight, y(0));
  if (!tensor.axis)
    for (const Measure& end : {tensor.range_min, tensor.range_max})
      if (end && *end >= low && *end <= high)
        figure.line("clip chosen", kLeft, y(*end), kRight, y(*end));
  for (double tick : round_ticks(0, static_cast<double>(count - 1), 10))
    if (tick == std::floor(tick))
      figure.text("label", kLeft + (tick + 0.5) / static_cast<double>(count) * (kRight - kLeft),
                  kBottom + 16, "middle", tick_text(tick));
  figure.text("label", (kLeft + kRight) / 2, kBottom + 33, "middle", "channel");
  return figure.finish(form, "Weights by channel of " + tensor.name, text_of(reach) + ".");
}

}  // namespace acuate
