#include "report/plots/figure.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/embedded.h"
#include "report/html/markup.h"

namespace acuate {
namespace {

constexpr double kHeading = 30;

}  // namespace

PlotScale::PlotScale(double low, double high, double from, double to)
    : low_(low), extent_(high - low), from_(from), to_(to) {
  if (extent_ > 0 && std::isfinite(extent_)) return;
  if (!std::isfinite(low_)) low_ = 0;
  const double half = std::max(std::abs(low_) / 2, 1e-6);
  low_ -= half;
  extent_ = 2 * half;
}

std::vector<double> round_ticks(double low, double high, int count) {
  std::vector<double> ticks;
  const double raw = (high - low) / std::max(count, 1);
  if (!(raw > 0) || !std::isfinite(raw)) return ticks;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double unit = raw / power;
  const double step = power * (unit < 1.5 ? 1 : unit < 3.5 ? 2 : unit < 7.5 ? 5 : 10);
  if (!(step > 0)) return ticks;
  const double first = std::ceil(low / step - 1e-9);
  for (double k = first; k * step <= high + step * 1e-9; ++k) {
    ticks.push_back(k * step);
    if (ticks.size() > 40) break;
  }
  return ticks;
}

std::string tick_text(double value) {
  if (value == 0) return "0";
  std::string text = fmt::format("{:.4g}", value);
  if (text[0] == '-') text.replace(0, 1, "−");
  return text;
}

void Figure::line(const char* classes, double x1, double y1, double x2, double y2) {
  body_ +=
      fmt::format("<line class=\"{}\" x1=\"{:.4g}\" y1=\"{:.4g}\" x2=\"{:.4g}\" y2=\"{:.4g}\"/>",
                  classes, x1, y1, x2, y2);
}

void Figure::path(const char* classes, const std::string& d) {
  if (!d.empty()) body_ += fmt::format("<path class=\"{}\" d=\"{}\"/>", classes, d);
}

void Figure::rect(const char* classes, double x, double y, double width, double height) {
  body_ += fmt::format(
      "<rect class=\"{}\" x=\"{:.4g}\" y=\"{:.4g}\" width=\"{:.4g}\" height=\"{:.4g}\"/>", classes,
      x, y, width, height);
}

void Figure::dot(const char* classes, double x, double y, double radius, std::string_view tip) {
  body_ += fmt::format("<circle class=\"{}\" cx=\"{:.4g}\" cy=\"{:.4g}\" r=\"{:.3g}\">", classes, x,
                       y, radius);
  if (!tip.empty()) body_ += "<title>" + escape_html(tip) + "</title>";
  body_ += "</circle>";
}

void Figure::text(const char* classes, double x, double y, const char* anchor,
                  std::string_view text) {
  body_ += fmt::format("<text class=\"{}\" x=\"{:.4g}\" y=\"{:.4g}\" text-anchor=\"{}\">{}</text>",
                       classes, x, y, anchor, escape_html(text));
}

void Figure::y_ticks(const PlotScale& y, const std::vector<double>& ticks, double left,
                     double right, const char* unit) {
  for (double tick : ticks) {
    line("grid", left, y(tick), right, y(tick));
    text("label", left - 6, y(tick) + 4, "end", tick_text(tick) + unit);
  }
}

void Figure::x_tick(double x, double top, double bottom, std::string_view label) {
  line("grid", x, top, x, bottom);
  text("label", x, bottom + 15, "middle", label);
}

std::string Figure::finish(PlotForm form, std::string_view title,
                           std::string_view description) const {
  const bool file = form == PlotForm::File;
  const double top = file ? kHeading : 0;
  std::string out = fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 {0:g} {1:g}\" width=\"{0:g}\" height=\"{1:g}\" "
      "role=\"img\"",
      width_, height_ + top);
  if (file)
    out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + out +
          " xmlns=\"http://www.w3.org/2000/svg\"";
  out += "><title>" + escape_html(title) + "</title><desc>" + escape_html(description) + "</desc>";
  if (!file) return out + body_ + "</svg>";
  out +=
      "<style>" + std::string(plots_css()) + "</style>" +
      fmt::format("<rect class=\"paper\" width=\"{:g}\" height=\"{:g}\"/>", width_, height_ + top) +
      fmt::format("<text class=\"heading\" x=\"12\" y=\"20\">{}</text>", escape_html(title));
  return out + fmt::format("<g transform=\"translate(0 {:g})\">", top) + body_ + "</g></svg>\n";
}

}  // namespace acuate
