#include "evaluate/geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace acuate {
namespace {

// Twice the signed area of the triangle: positive where c lies left of a → b.
double cross(const Point& a, const Point& b, const Point& c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

}  // namespace

Quad RotatedRect::corners() const {
  const Point along{axis.x * length / 2, axis.y * length / 2},
      across{-axis.y * breadth / 2, axis.x * breadth / 2};
  Quad points;
  for (size_t i = 0; i < 4; ++i) {
    const double s = i & 1 ? 1 : -1, t = i & 2 ? 1 : -1;
    points[i] = {center.x + s * along.x + t * across.x, center.y + s * along.y + t * across.y};
  }
  std::sort(points.begin(), points.end(),
            [](const Point& a, const Point& b) { return a.x != b.x ? a.x < b.x : a.y < b.y; });
  if (points[0].y > points[1].y) std::swap(points[0], points[1]);
  if (points[2].y > points[3].y) std::swap(points[2], points[3]);
  return {points[0], points[2], points[3], points[1]};
}

std::vector<Point> convex_hull(std::vector<Point> points) {
  std::sort(points.begin(), points.end(),
            [](const Point& a, const Point& b) { return a.x != b.x ? a.x < b.x : a.y < b.y; });
  points.erase(std::unique(points.begin(), points.end()), points.end());
  if (points.size() < 3) return points;
  std::vector<Point> hull;
  const auto extend = [&](const Point& point, size_t keep) {
    while (hull.size() >= keep + 2 && cross(hull[hull.size() - 2], hull.back(), point) <= 0)
      hull.pop_back();
    hull.push_back(point);
  };
  for (const Point& point : points) extend(point, 0);
  const size_t lower = hull.size() - 1;
  for (auto point = points.rbegin() + 1; point != points.rend(); ++point) extend(*point, lower);
  hull.pop_back();
  return hull;
}

RotatedRect min_area_rect(std::span<const Point> points) {
  const std::vector<Point> hull = convex_hull({points.begin(), points.end()});
  RotatedRect best;
  if (hull.empty()) return best;
  best.center = hull[0];
  double best_area = std::numeric_limits<double>::infinity();
  // Every side is tried against all points: hulls of text lines have tens of points, calipers would
  // not be felt.
  for (size_t i = 0; hull.size() > 1 && i < hull.size(); ++i) {
    const Point& a = hull[i];
    const Point& b = hull[(i + 1) % hull.size()];
    const double side = std::hypot(b.x - a.x, b.y - a.y);
    const Point axis{(b.x - a.x) / side, (b.y - a.y) / side};
    double low_u = std::numeric_limits<double>::infinity(), high_u = -low_u, low_v = low_u,
           high_v = -low_u;
    for (const Point& p : hull) {
      const double u = p.x * axis.x + p.y * axis.y, v = -p.x * axis.y + p.y * axis.x;
      low_u = std::min(low_u, u), high_u = std::max(high_u, u);
      low_v = std::min(low_v, v), high_v = std::max(high_v, v);
    }
    const double area = (high_u - low_u) * (high_v - low_v);
    if (area >= best_area) continue;
    best_area = area;
    const double u = (low_u + high_u) / 2, v = (low_v + high_v) / 2;
    best = {
        {u * axis.x - v * axis.y, u * axis.y + v * axis.x}, axis, high_u - low_u, high_v - low_v};
  }
  return best;
}

double polygon_area(std::span<const Point> polygon) {
  double twice = 0;
  for (size_t i = 0; i < polygon.size(); ++i) {
    const Point &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
    twice += a.x * b.y - a.y * b.x;
  }
  return std::abs(twice) / 2;
}

std::vector<Point> clip_convex(std::span<const Point> subject, std::span<const Point> clip) {
  std::vector<Point> inside(subject.begin(), subject.end());
  for (size_t i = 0; i < clip.size() && !inside.empty(); ++i) {
    const Point &a = clip[i], &b = clip[(i + 1) % clip.size()];
    std::vector<Point> kept;
    for (size_t j = 0; j < inside.size(); ++j) {
      const Point &p = inside[j], &q = inside[(j + 1) % inside.size()];
      const double p_side = cross(a, b, p), q_side = cross(a, b, q);
      if (p_side >= 0) kept.push_back(p);
      if ((p_side > 0 && q_side < 0) || (p_side < 0 && q_side > 0)) {
        const double t = p_side / (p_side - q_side);
        kept.push_back({p.x + t * (q.x - p.x), p.y + t * (q.y - p.y)});
      }
    }
    inside = std::move(kept);
  }
  return inside;
}

double quad_iou(const Quad& a, const Quad& b) {
  const std::vector<Point> first = convex_hull({a.begin(), a.end()}),
                           second = convex_hull({b.begin(), b.end()});
  if (first.size() < 3 || second.size() < 3) return 0;
  const double common = polygon_area(clip_convex(first, second));
  return common / (polygon_area(first) + polygon_area(second) - common);
}

}  // namespace acuate
