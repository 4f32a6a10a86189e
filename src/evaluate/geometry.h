#pragma once

#include <array>
#include <span>
#include <vector>

namespace acuate {

struct Point {
  double x = 0;
  double y = 0;
  bool operator==(const Point&) const = default;
};
using Quad = std::array<Point, 4>;

// A rectangle at any angle. `axis` is the unit vector along which `length` is measured, `breadth`
// is across.
struct RotatedRect {
  Point center, axis{1, 0};
  double length = 0, breadth = 0;

  // Of the corners ordered by x, the left two give top-left and bottom-left, the right two the
  // others; returned as top-left, top-right, bottom-right, bottom-left (y points down).
  Quad corners() const;
};

// Counter-clockwise in a y-up system, without collinear points (Andrew's monotone chain). Fewer
// than three points where all are on a line.
std::vector<Point> convex_hull(std::vector<Point> points);
// The rectangle of least area around the points: one side lies on a side of the hull (Freeman and
// Shapira 1975).
RotatedRect min_area_rect(std::span<const Point> points);
// Shoelace formula; not negative.
double polygon_area(std::span<const Point> polygon);
// The common part of two convex polygons, both as convex_hull gives them (Sutherland and Hodgman
// 1974).
std::vector<Point> clip_convex(std::span<const Point> subject, std::span<const Point> clip);
// Intersection over union of the convex hulls of two quads; 0 where the union has no area.
double quad_iou(const Quad& a, const Quad& b);

}  // namespace acuate
