#include "evaluate/geometry.h"

#include <cmath>
#include <random>

#include <gmock/gmock.h>

namespace acuate {
namespace {

using ::testing::ElementsAre;

Quad square(double x, double y, double side) {
  return {{{x, y}, {x + side, y}, {x + side, y + side}, {x, y + side}}};
}

// Area of the common part by counting the cells of a fine grid: slow, and nothing in common with
// clipping.
double iou_by_counting(const RotatedRect& a, const RotatedRect& b) {
  const auto inside = [](const RotatedRect& r, double x, double y) {
    const double dx = x - r.center.x, dy = y - r.center.y;
    return std::abs(dx * r.axis.x + dy * r.axis.y) <= r.length / 2 &&
           std::abs(-dx * r.axis.y + dy * r.axis.x) <= r.breadth / 2;
  };
  double common = 0, all = 0;
  for (double x = -10; x < 10; x += 0.02)
    for (double y = -10; y < 10; y += 0.02) {
      const bool in_a = inside(a, x, y), in_b = inside(b, x, y);
      common += in_a && in_b;
      all += in_a || in_b;
    }
  return common / all;
}

TEST(ConvexHull, DropsInnerAndCollinearPoints) {
  EXPECT_THAT(convex_hull({{0, 0}, {2, 0}, {1, 0}, {2, 2}, {1, 1}, {0, 2}, {0, 0}}),
              ElementsAre(Point{0, 0}, Point{2, 0}, Point{2, 2}, Point{0, 2}));
  EXPECT_EQ(convex_hull({{0, 0}, {1, 1}, {2, 2}}).size(), 2u);
  EXPECT_TRUE(convex_hull({}).empty());
}

TEST(MinAreaRect, FindsARectangleAtAnyAngle) {
  for (double angle : {0.0, 0.3, 0.785, 1.2, 1.5707}) {
    const RotatedRect made{{5, 7}, {std::cos(angle), std::sin(angle)}, 12, 4};
    std::vector<Point> points;
    for (const Point& corner : made.corners()) {
      points.push_back(corner);
      points.push_back({(corner.x + 5) / 2, (corner.y + 7) / 2});
    }
    const RotatedRect found = min_area_rect(points);
    EXPECT_NEAR(std::max(found.length, found.breadth), 12, 1e-9) << angle;
    EXPECT_NEAR(std::min(found.length, found.breadth), 4, 1e-9) << angle;
    EXPECT_NEAR(found.center.x, 5, 1e-9);
    EXPECT_NEAR(found.center.y, 7, 1e-9);
  }
}

TEST(MinAreaRect, OfALineOrAPointHasNoArea) {
  const RotatedRect line = min_area_rect(std::vector<Point>{{0, 0}, {3, 4}});
  EXPECT_DOUBLE_EQ(std::max(line.length, line.breadth), 5);
  EXPECT_NEAR(std::min(line.length, line.breadth), 0, 1e-12);
  EXPECT_EQ(min_area_rect(std::vector<Point>{{2, 3}}).center, (Point{2, 3}));
}

TEST(RotatedRect, OrdersItsCorners) {
  EXPECT_THAT((RotatedRect{{2, 1}, {1, 0}, 4, 2}.corners()),
              ElementsAre(Point{0, 0}, Point{4, 0}, Point{4, 2}, Point{0, 2}));
  EXPECT_THAT((RotatedRect{{2, 1}, {0, -1}, 2, 4}.corners()),
              ElementsAre(Point{0, 0}, Point{4, 0}, Point{4, 2}, Point{0, 2}));
}

TEST(QuadIou, KnowsSquares) {
  EXPECT_DOUBLE_EQ(quad_iou(square(0, 0, 2), square(0, 0, 2)), 1);
  EXPECT_DOUBLE_EQ(quad_iou(square(0, 0, 2), square(1, 0, 2)), 2.0 / 6);
  EXPECT_DOUBLE_EQ(quad_iou(square(0, 0, 2), square(2, 0, 2)), 0);
  EXPECT_DOUBLE_EQ(quad_iou(square(0, 0, 2), square(9, 9, 2)), 0);
  EXPECT_DOUBLE_EQ(quad_iou(square(0, 0, 4), square(1, 1, 2)), 0.25);
  EXPECT_DOUBLE_EQ(quad_iou(square(0, 0, 0), square(0, 0, 2)), 0);
  // The other way round in order, the same area.
  Quad reversed = square(1, 0, 2);
  std::swap(reversed[1], reversed[3]);
  EXPECT_DOUBLE_EQ(quad_iou(square(0, 0, 2), reversed), 2.0 / 6);
}

// A unit square turned by 45 degrees over itself: the octagon 2 (sqrt 2 - 1).
TEST(QuadIou, KnowsTheOctagon) {
  const RotatedRect turned{{0.5, 0.5}, {std::sqrt(0.5), std::sqrt(0.5)}, 1, 1};
  const double octagon = 2 * (std::sqrt(2.0) - 1);
  EXPECT_NEAR(quad_iou(square(0, 0, 1), turned.corners()), octagon / (2 - octagon), 1e-12);
}

TEST(QuadIou, AgreesWithCounting) {
  std::mt19937 engine(5);
  std::uniform_real_distribution<double> at(-2, 2), side(1, 6), angle(0, 3.2);
  for (int i = 0; i < 5; ++i) {
    const auto random = [&] {
      const double t = angle(engine);
      return RotatedRect{
          {at(engine), at(engine)}, {std::cos(t), std::sin(t)}, side(engine), side(engine)};
    };
    const RotatedRect a = random(), b = random();
    EXPECT_NEAR(quad_iou(a.corners(), b.corners()), iou_by_counting(a, b), 5e-3);
  }
}

}  // namespace
}  // namespace acuate
