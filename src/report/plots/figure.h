#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace acuate {

// Where a drawing stands: in a page, which has the styles already, or alone in a file, which
// carries them and a heading.
enum class PlotForm { Inline, File };

// From values to places, linearly; an empty extent is widened.
class PlotScale {
 public:
  PlotScale(double low, double high, double from, double to);
  double operator()(double value) const { return from_ + (value - low_) * (to_ - from_) / extent_; }
  double low() const { return low_; }
  double high() const { return low_ + extent_; }

 private:
  double low_, extent_, from_, to_;
};

// Multiples of 1, 2 or 5 times a power of ten within [low, high], about `count` of them.
std::vector<double> round_ticks(double low, double high, int count);
std::string tick_text(double value);

// An SVG drawing (SVG 1.1) in the making. Sizes are in user units, a file shows them as pixels;
// looks come from plots.css by class. Text is escaped on its way in.
class Figure {
 public:
  Figure(double width, double height) : width_(width), height_(height) {}

  void line(const char* classes, double x1, double y1, double x2, double y2);
  void path(const char* classes, const std::string& d);
  void rect(const char* classes, double x, double y, double width, double height);
  // `tip` is shown where a pointer rests on the dot.
  void dot(const char* classes, double x, double y, double radius, std::string_view tip);
  // `anchor`: start, middle or end.
  void text(const char* classes, double x, double y, const char* anchor, std::string_view text);
  // Grid lines with their values, left of `left` and below `bottom`.
  void y_ticks(const PlotScale& y, const std::vector<double>& ticks, double left, double right,
               const char* unit = "");
  void x_tick(double x, double top, double bottom, std::string_view label);

  // What it is and what it shows, for those who do not see it; the title heads a file.
  std::string finish(PlotForm form, std::string_view title, std::string_view description) const;

 private:
  double width_, height_;
  std::string body_;
};

}  // namespace acuate
