#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "report/plots/histogram_outline.h"
#include "report/plots/plots.h"

namespace acuate {
namespace {

constexpr double kWidth = 720, kLeft = 138, kRight = 642, kTop = 8, kBottom = 178;
constexpr double kRow = 18;
constexpr double kFarther = 0.15;  // of the values' extent: ends up to there are in the picture

struct Tone {
  std::string_view method;
  const char* name;
};
constexpr std::array<Tone, 6> kTones = {{{"minmax", "m-minmax"},
                                         {"entropy", "m-entropy"},
                                         {"percentile", "m-percentile"},
                                         {"mse", "m-mse"},
                                         {"average", "m-average"},
                                         {"acuity-kl", "m-acuity"}}};

const char* tone_of(std::string_view method) {
  for (const Tone& tone : kTones)
    if (method.substr(0, method.find(':')) == tone.method) return tone.name;
  return "m-other";
}

std::string decibels(const Measure& sqnr_db) {
  return sqnr_db ? fmt::format("{:.1f} dB", *sqnr_db) : "–";
}

void row(Figure& figure, const PlottedRange& range, const PlotScale& x, double y) {
  const double low = std::max(x(*range.min), kLeft), high = std::min(x(*range.max), kRight);
  const char* classes = range.chosen ? "chosen" : range.tone;
  figure.text(range.chosen ? "label strong" : "label", kLeft - 8, y + 4, "end", range.label);
  figure.text(range.chosen ? "label strong" : "label", kWidth - 6, y + 4, "end",
              decibels(range.sqnr_db));
  const std::string drawn = std::string("extent ") + classes;
  figure.line(drawn.c_str(), low, y, high, y);
  // An end outside the picture is an arrow.
  for (const auto& [end, place, to_left] :
       {std::tuple(x(*range.min), low, -1.0), std::tuple(x(*range.max), high, 1.0)}) {
    if (std::abs(end - place) > 0.05)
      figure.path(drawn.c_str(), fmt::format("M{:.4g} {:.4g}l{:g} 4l{:g} 4", place - 5 * to_left,
                                             y - 4, 5 * to_left, -5 * to_left));
    else
      figure.line(drawn.c_str(), place, y - 4, place, y + 4);
  }
  const std::string clip = std::string("clip ") + classes;
  for (const double end : {x(*range.min), x(*range.max)})
    if (end >= kLeft - 0.05 && end <= kRight + 0.05)
      figure.line(clip.c_str(), end, kTop, end, kBottom);
}

}  // namespace

std::vector<PlottedRange> plotted_ranges(const ReportTensor& tensor) {
  std::vector<PlottedRange> rows;
  const std::string chosen = to_kebab_case(tensor.range_method);
  for (const ReportRange& range : tensor.methods)
    if (range.method != chosen)
      rows.push_back({range.method, tone_of(range.method), range.min, range.max, range.sqnr_db});
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.sqnr_db.value_or(-INFINITY) > b.sqnr_db.value_or(-INFINITY);
  });
  if (tensor.range_min && tensor.range_max)
    rows.insert(rows.begin(), {chosen.empty() ? "chosen" : "chosen: " + chosen, "chosen",
                               tensor.range_min, tensor.range_max, tensor.sqnr_db, true});
  return rows;
}

std::string histogram_plot(const ReportTensor& tensor, PlotForm form) {
  const int64_t most = highest_count(tensor);
  if (most <= 0) return "";
  const ReportHistogram& histogram = *tensor.histogram;
  const std::vector<PlottedRange> rows = plotted_ranges(tensor);
  const double reach = kFarther * (histogram.max - histogram.min);
  double low = histogram.min, high = histogram.max;
  for (const PlottedRange& range : rows) {
    if (*range.min >= histogram.min - reach) low = std::min(low, *range.min);
    if (*range.max <= histogram.max + reach) high = std::max(high, *range.max);
  }
  const PlotScale x(low, high, kLeft, kRight);
  const double log_most = std::log10(1 + static_cast<double>(most));
  const auto height_of = [&](double count) {
    return std::log10(1 + count) / log_most * (kBottom - kTop);
  };
  const HistogramOutline outline = histogram_outline(tensor, x, kBottom, [&](int64_t count) {
    return std::max(height_of(static_cast<double>(count)), 1.5);
  });
  if (outline.empty()) return "";

  Figure figure(kWidth, kBottom + 42 + kRow * static_cast<double>(rows.size()));
  const int decades = static_cast<int>(std::floor(std::log10(static_cast<double>(most))));
  const int every = decades / 5 + 1;
  for (int decade = 0; decade <= decades; decade += every) {
    const double count = std::pow(10, decade);
    figure.line("grid", kLeft, kBottom - height_of(count), kRight, kBottom - height_of(count));
    figure.text("label", kLeft - 6, kBottom - height_of(count) + 4, "end",
                decade < 4 ? fmt::format("{:g}", count)
                           : fmt::format("{}{}",
                                         decade % 3 == 0   ? "1"
                                         : decade % 3 == 1 ? "10"
                                                           : "100",
                                         decade < 6    ? " k"
                                         : decade < 9  ? " M"
                                         : decade < 12 ? " G"
                                                       : " T"));
  }
  for (double tick : round_ticks(x.low(), x.high(), 8))
    figure.x_tick(x(tick), kTop, kBottom, tick_text(tick));
  figure.path("in", outline.inside);
  figure.path("out", outline.outside);
  figure.line("axis", kLeft, kBottom, kRight, kBottom);
  if (x.low() <= 0 && x.high() >= 0) figure.line("zero", x(0), kTop, x(0), kBottom);
  // What is chosen is drawn last, over the others.
  for (size_t i = rows.size(); i-- > 0;)
    row(figure, rows[i], x, kBottom + 38 + kRow * static_cast<double>(i));
  std::string description =
      fmt::format("Values from {:.4g} to {:.4g}, counted on a log scale up to {}.", histogram.min,
                  histogram.max, most);
  for (const PlottedRange& range : rows)
    description += fmt::format(" {}: {:.4g} to {:.4g}, {}.", range.label, *range.min, *range.max,
                               decibels(range.sqnr_db));
  return figure.finish(form, "Histogram of " + tensor.name, description);
}

}  // namespace acuate
