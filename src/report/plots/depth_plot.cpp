#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/plots/plots.h"

namespace acuate {
namespace {

constexpr double kWidth = 1080, kLeft = 58, kRight = 1068, kTop = 26, kBottom = 250;

struct Point {
  const ReportTensor* tensor;
  double x;
  bool promoted;
};

std::string tip_of(const Point& point) {
  const ReportTensor& tensor = *point.tensor;
  std::string tip = tensor.name;
  if (!tensor.module.empty()) tip += "\n" + tensor.module;
  if (tensor.network_sqnr_db)
    tip += fmt::format("\nin the network {:.1f} dB", *tensor.network_sqnr_db);
  if (tensor.sqnr_db) tip += fmt::format("\nown grid {:.1f} dB", *tensor.sqnr_db);
  return tip + fmt::format("\n{} bits", tensor.bits);
}

void legend(Figure& figure, bool own, bool promoted) {
  double x = kLeft + 4;
  const auto entry = [&](const char* classes, double radius, const char* label, double width) {
    figure.dot(classes, x, 11, radius, "");
    figure.text("label", x + 9, 15, "start", label);
    x += width;
  };
  entry("network", 3.2, "in the network, with the noise from further up", 320);
  if (own) entry("own", 2.4, "of its own grid alone", 160);
  if (promoted) entry("promoted", 4.4, "promoted to more than 8 bits", 190);
}

}  // namespace

std::string depth_plot(const ReportQuantization& quantization, PlotForm form) {
  std::vector<Point> points;
  double low = INFINITY, high = -INFINITY, worst = INFINITY;
  bool own = false, promoted = false;
  size_t measured = 0;
  std::string_view worst_name;
  for (const ReportTensor& tensor : quantization.tensors) {
    if (tensor.kind != "activation") continue;
    points.push_back({&tensor, 0, quantization.hybrid && tensor.bits > 8});
    for (const Measure& measure : {tensor.network_sqnr_db, tensor.sqnr_db})
      if (measure) {
        low = std::min(low, *measure);
        high = std::max(high, *measure);
      }
    own |= tensor.sqnr_db.has_value();
    promoted |= points.back().promoted;
    if (!tensor.network_sqnr_db) continue;
    ++measured;
    if (*tensor.network_sqnr_db >= worst) continue;
    worst = *tensor.network_sqnr_db;
    worst_name = tensor.name;
  }
  if (measured < 2) return "";
  const PlotScale x(0, static_cast<double>(points.size() - 1), kLeft + 8, kRight - 8);
  const PlotScale y(std::min(low, 0.0), high + 2, kBottom, kTop);
  Figure figure(kWidth, kBottom + 38);
  figure.y_ticks(y, round_ticks(y.low(), y.high(), 6), kLeft, kRight, " dB");
  for (double tick : round_ticks(0, static_cast<double>(points.size() - 1), 12))
    if (tick == std::floor(tick))
      figure.text("label", x(tick), kBottom + 16, "middle", tick_text(tick));
  figure.text("label", (kLeft + kRight) / 2, kBottom + 33, "middle",
              "activations in the order of the graph");
  figure.line("axis", kLeft, kBottom, kRight, kBottom);
  legend(figure, own, promoted);
  std::string line;
  for (size_t i = 0; i < points.size(); ++i) {
    points[i].x = x(static_cast<double>(i));
    if (const Measure& sqnr = points[i].tensor->network_sqnr_db)
      line += fmt::format("{}{:.4g} {:.4g}", line.empty() ? 'M' : 'L', points[i].x, y(*sqnr));
  }
  for (const Point& point : points)
    if (const Measure& sqnr = point.tensor->sqnr_db)
      figure.dot("own", point.x, y(*sqnr), 2.2, point.tensor->network_sqnr_db ? "" : tip_of(point));
  figure.path("network", line);
  for (const Point& point : points)
    if (const Measure& sqnr = point.tensor->network_sqnr_db)
      figure.dot(point.promoted ? "promoted" : "network", point.x, y(*sqnr),
                 point.promoted ? 4.4 : 3.0, tip_of(point));
  return figure.finish(
      form, "Error through the depth",
      fmt::format("Signal to noise of {} activations in the quantized network, in the order of the "
                  "graph; the lowest is {:.1f} dB at {}.",
                  measured, worst, worst_name));
}

}  // namespace acuate
