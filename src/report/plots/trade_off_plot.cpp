#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/plots/plots.h"

namespace acuate {
namespace {

constexpr double kWidth = 720, kLeft = 58, kRight = 704, kTop = 26, kBottom = 236;

std::string tip_of(const ReportHybridPoint& point) {
  std::string tip =
      fmt::format("{} promoted, {:.1f} % of activations", point.promoted, 100 * point.share);
  if (point.sqnr_db) tip += fmt::format("\nmeasured {:.1f} dB", *point.sqnr_db);
  if (point.predicted_sqnr_db)
    tip += fmt::format("\npredicted {:.1f} dB", *point.predicted_sqnr_db);
  return tip +
         fmt::format("\n{:.1f} % of multiply-accumulates in 8 bits", 100 * point.macs_8bit_share);
}

}  // namespace

std::string trade_off_plot(const ReportHybrid& hybrid, PlotForm form) {
  double low = INFINITY, high = -INFINITY;
  for (const ReportHybridPoint& point : hybrid.curve)
    for (const Measure& measure : {point.sqnr_db, point.predicted_sqnr_db})
      if (measure) {
        low = std::min(low, *measure);
        high = std::max(high, *measure);
      }
  if (hybrid.curve.size() < 2 || !(high > low)) return "";
  // The square root spreads the small shares, which are those that matter.
  const PlotScale root(0, 1, kLeft + 8, kRight - 8);
  const auto x_of = [&](double share) { return root(std::sqrt(std::clamp(share, 0.0, 1.0))); };
  const double margin = 0.06 * (high - low);
  const PlotScale y(low - margin, high + margin, kBottom, kTop);
  Figure figure(kWidth, kBottom + 38);
  figure.y_ticks(y, round_ticks(y.low(), y.high(), 6), kLeft, kRight, " dB");
  for (double share : {0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0})
    figure.x_tick(x_of(share), kTop, kBottom, fmt::format("{:g} %", 100 * share));
  figure.text("label", (kLeft + kRight) / 2, kBottom + 33, "middle",
              "activations promoted to " + hybrid.scheme + " (square root scale)");
  figure.line("axis", kLeft, kBottom, kRight, kBottom);
  std::string measured, predicted;
  for (const ReportHybridPoint& point : hybrid.curve) {
    const auto add = [&](std::string& path, const Measure& sqnr) {
      if (sqnr)
        path +=
            fmt::format("{}{:.4g} {:.4g}", path.empty() ? 'M' : 'L', x_of(point.share), y(*sqnr));
    };
    add(measured, point.sqnr_db);
    add(predicted, point.predicted_sqnr_db);
  }
  figure.path("predicted", predicted);
  figure.path("network", measured);
  const ReportHybridPoint* chosen = nullptr;
  for (const ReportHybridPoint& point : hybrid.curve) {
    if (!point.sqnr_db) continue;
    if (point.promoted == hybrid.promoted)
      chosen = &point;
    else
      figure.dot("network", x_of(point.share), y(*point.sqnr_db), 3.2, tip_of(point));
  }
  if (chosen != nullptr)
    figure.dot("picked", x_of(chosen->share), y(*chosen->sqnr_db), 5.5, tip_of(*chosen));
  figure.path("network", fmt::format("M{:g} 11h22", kLeft + 2));
  figure.text("label", kLeft + 29, 15, "start", "measured on the emitted form");
  figure.path("predicted", fmt::format("M{:g} 11h22", kLeft + 240));
  figure.text("label", kLeft + 267, 15, "start", "predicted");
  if (chosen != nullptr) {
    figure.dot("picked", kLeft + 356, 11, 4.5, "");
    figure.text("label strong", kLeft + 366, 15, "start",
                fmt::format("chosen: {} of {} activations, {:.1f} dB", hybrid.promoted,
                            hybrid.activations, *chosen->sqnr_db));
  }
  return figure.finish(form, "Trade-off between width and noise",
                       fmt::format("Signal to noise at the outputs, from {:.3g} to {:.3g} dB, by "
                                   "the share of promoted activations; {} of {} are promoted.",
                                   low, high, hybrid.promoted, hybrid.activations));
}

}  // namespace acuate
