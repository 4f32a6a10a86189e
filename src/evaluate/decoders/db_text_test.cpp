#include <cmath>

#include <gmock/gmock.h>

#include "evaluate/decoder.h"

namespace acuate {

void register_evaluate_db_text(DecoderRegistry& registry);

namespace {

using ::testing::HasSubstr;

Tensor map(int height, int width, const std::function<float(int x, int y)>& value) {
  Tensor tensor = Tensor::allocate(ElementType::Float, {1, 1, height, width});
  auto out = tensor.mutable_values<float>();
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) out[static_cast<size_t>(y * width + x)] = value(x, y);
  return tensor;
}

Result<Decoded> try_decode(std::span<const Tensor> outputs, const DecoderOptions& options = {}) {
  DecoderRegistry registry;
  register_evaluate_db_text(registry);
  const Decoder* decoder = registry.lookup("db_text");
  return decoder->decode({outputs}, *complete_options(*decoder, options));
}

std::vector<TextBox> decode(const Tensor& tensor, const DecoderOptions& options = {}) {
  const auto decoded = try_decode(std::span(&tensor, 1), options);
  EXPECT_TRUE(decoded) << decoded.error().message;
  return decoded->text_boxes;
}

bool in(int value, int first, int last) { return value >= first && value <= last; }

// Pixels 10…30 by 20…28 span 20 by 8 between their centres; area 160, perimeter 56, so 160 * 1.5 /
// 56 on every side.
TEST(DbText, GrowsARectangle) {
  const auto boxes = decode(
      map(64, 64, [](int x, int y) { return in(x, 10, 30) && in(y, 20, 28) ? 0.9f : 0.1f; }));
  ASSERT_EQ(boxes.size(), 1u);
  const double grown = 160 * 1.5 / 56;
  const Quad wanted = {{{10 - grown, 20 - grown},
                        {30 + grown, 20 - grown},
                        {30 + grown, 28 + grown},
                        {10 - grown, 28 + grown}}};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(boxes[0].corners[i].x, wanted[i].x, 1e-9);
    EXPECT_NEAR(boxes[0].corners[i].y, wanted[i].y, 1e-9);
  }
  EXPECT_NEAR(boxes[0].score, 0.9, 1e-6);
}

TEST(DbText, FindsASlantedLine) {
  const double c = std::cos(0.5), s = std::sin(0.5);
  const auto boxes = decode(map(128, 128, [&](int x, int y) {
    const double u = (x - 64) * c + (y - 64) * s, v = -(x - 64) * s + (y - 64) * c;
    return std::abs(u) <= 40 && std::abs(v) <= 8 ? 0.95f : 0.0f;
  }));
  ASSERT_EQ(boxes.size(), 1u);
  const double grown = 80.0 * 16 * 1.5 / 192;
  const RotatedRect wanted{{64, 64}, {c, s}, 80 + 2 * grown, 16 + 2 * grown};
  EXPECT_GT(quad_iou(boxes[0].corners, wanted.corners()), 0.93);
}

TEST(DbText, KeepsTwoLinesApartAndJoinsDiagonals) {
  const auto apart = decode(map(64, 64, [](int x, int y) {
    return in(x, 5, 50) && (in(y, 5, 12) || in(y, 20, 27)) ? 0.9f : 0.0f;
  }));
  EXPECT_EQ(apart.size(), 2u);
  for (const bool falls : {true, false}) {
    const auto joined =
        decode(map(64, 64,
                   [=](int x, int y) {
                     const int row = falls ? y : 39 - y;
                     return (in(x, 10, 19) && in(row, 10, 19)) || (in(x, 20, 29) && in(row, 20, 29))
                                ? 1.0f
                                : 0.0f;
                   }),
               {{"box_score", 0}});
    EXPECT_EQ(joined.size(), 1u);
  }
}

// Only the outer contour counts: the hole's surroundings would score above 0.6 as a box of their
// own.
TEST(DbText, IgnoresHoles) {
  const auto boxes = decode(map(64, 64, [](int x, int y) {
    if (in(x, 30, 31) && in(y, 20, 25)) return 0.2f;
    return in(x, 10, 50) && in(y, 10, 34) ? 1.0f : 0.0f;
  }));
  EXPECT_EQ(boxes.size(), 1u);
}

TEST(DbText, DropsWhatScoresTooLow) {
  const auto faint =
      map(64, 64, [](int x, int y) { return in(x, 10, 30) && in(y, 20, 28) ? 0.59f : 0.0f; });
  EXPECT_TRUE(decode(faint).empty());
  EXPECT_EQ(decode(faint, {{"box_score", 0.58}}).size(), 1u);
  // An L fills its rectangle in part only: 0.9 inside the strokes is less than 0.6 on the whole.
  EXPECT_TRUE(decode(map(64, 64, [](int x, int y) {
                return (in(x, 10, 15) && in(y, 10, 50)) || (in(x, 10, 50) && in(y, 45, 50)) ? 0.9f
                                                                                            : 0.0f;
              })).empty());
}

TEST(DbText, DropsWhatIsTooSmall) {
  // Three rows span 2 between their centres, four span 3.
  const auto rows = [](int last) {
    return map(64, 64,
               [=](int x, int y) { return in(x, 10, 40) && in(y, 20, last) ? 1.0f : 0.0f; });
  };
  EXPECT_TRUE(decode(rows(22)).empty());
  EXPECT_EQ(decode(rows(23)).size(), 1u);
  // Without growth 3 is below the 5 asked for afterwards.
  EXPECT_TRUE(decode(rows(23), {{"unclip_ratio", 0}}).empty());
}

TEST(DbText, ThresholdIsExclusive) {
  const auto flat = [](float value) { return map(16, 16, [=](int, int) { return value; }); };
  EXPECT_TRUE(decode(flat(0.5f), {{"threshold", 0.5}, {"box_score", 0}}).empty());
  EXPECT_EQ(decode(flat(0.5f), {{"threshold", 0.4}, {"box_score", 0}}).size(), 1u);
}

TEST(DbText, StaysInsideTheMap) {
  for (const TextBox& box : decode(map(16, 32, [](int, int) { return 1.0f; })))
    EXPECT_THAT(box.corners,
                ::testing::ElementsAre(Point{0, 0}, Point{32, 0}, Point{32, 16}, Point{0, 16}));
}

TEST(DbText, KeepsTheLargestCandidates) {
  const auto boxes =
      decode(map(64, 64,
                 [](int x, int y) {
                   return in(y, 10, 15) && (in(x, 5, 10) || in(x, 20, 50)) ? 1.0f : 0.0f;
                 }),
             {{"max_candidates", 1}});
  ASSERT_EQ(boxes.size(), 1u);
  EXPECT_GT(boxes[0].corners[1].x, 40);
}

TEST(DbText, IgnoresNanAndEmptyMaps) {
  EXPECT_TRUE(decode(map(16, 16, [](int, int) { return NAN; })).empty());
  EXPECT_TRUE(decode(map(16, 16, [](int, int) { return 0.0f; })).empty());
}

TEST(DbText, SaysWhichOutputItNeeds) {
  const std::vector<Tensor> logits = {Tensor::allocate(ElementType::Float, {1, 1000})};
  EXPECT_THAT(try_decode(logits).error().message,
              HasSubstr("expected one float output of shape 1x1xHxW, the text map; found 1x1000"));
  const std::vector<Tensor> two(2, Tensor::allocate(ElementType::Float, {1, 1, 8, 8}));
  EXPECT_THAT(try_decode(two).error().message, HasSubstr("two outputs could be the text map"));
  const std::vector<Tensor> batch = {Tensor::allocate(ElementType::Float, {2, 1, 8, 8})};
  EXPECT_FALSE(try_decode(batch));
}

}  // namespace
}  // namespace acuate
