#include <gtest/gtest.h>

#include "data/image.h"

namespace acuate {
namespace {

const std::vector<uint8_t> kSource = {
    59,  104, 225, 110, 226, 201, 8,   159, 26,  27,  163, 122, 33,  41,  201, 67,  70, 166,
    228, 40,  50,  179, 0,   177, 137, 63,  13,  188, 255, 64,  94,  8,   8,   156, 25, 29,
    157, 146, 190, 115, 219, 135, 39,  100, 237, 127, 72,  227, 168, 21,  73,  132, 16, 153,
    140, 107, 80,  163, 61,  110, 47,  229, 148, 170, 97,  110, 56,  150, 74,  193, 62, 44,
    238, 239, 226, 188, 14,  205, 185, 193, 73,  238, 205, 244, 160, 110, 68,  201, 79, 104};
const std::vector<uint8_t> kDownByOpenCv = {
    120, 100, 173, 71,  133, 64,  74,  153, 111, 86,  49,  124, 147, 164, 176, 58,  130, 212,
    137, 59,  189, 141, 17,  133, 199, 154, 176, 149, 161, 117, 193, 158, 167, 180, 86,  80};
const std::vector<uint8_t> kUpByOpenCv = {
    59,  104, 225, 64,  116, 223, 84,  165, 213, 105, 214, 203, 110, 226, 201,
    144, 72,  138, 144, 76,  143, 144, 93,  163, 144, 109, 184, 145, 113, 189,
    228, 40,  50,  223, 36,  63,  203, 20,  113, 184, 4,   164, 179, 0,   177};
const std::vector<uint8_t> kDownByPillow = {124, 118, 133, 104, 78,  98,
                                            151, 130, 150, 146, 108, 109};

// Both compute in fixed point, so one step of rounding may differ.
void expect_near(const Image& found, const std::vector<uint8_t>& wanted) {
  ASSERT_EQ(found.pixels.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(found.pixels[i], wanted[i], 1) << i;
}

TEST(Resize, AgreesWithOpenCvLinear) {
  expect_near(resize({6, 5, 3, kSource}, {4, 3}, false), kDownByOpenCv);
  const std::vector<uint8_t> corner = {kSource[0],  kSource[1],  kSource[2],  kSource[3],
                                       kSource[4],  kSource[5],  kSource[18], kSource[19],
                                       kSource[20], kSource[21], kSource[22], kSource[23]};
  expect_near(resize({2, 2, 3, corner}, {5, 3}, false), kUpByOpenCv);
}

TEST(Resize, AgreesWithPillowBilinearWhenAntialiased) {
  expect_near(resize({6, 5, 3, kSource}, {2, 2}, true), kDownByPillow);
}

TEST(Resize, AntialiasMatters) {
  const Image with = resize({6, 5, 3, kSource}, {2, 2}, true),
              without = resize({6, 5, 3, kSource}, {2, 2}, false);
  EXPECT_NE(with.pixels, without.pixels);
}

TEST(Resize, KeepsAConstantAndTheSameSize) {
  const Image grey{3, 2, 3, std::vector<uint8_t>(18, 77)};
  for (bool antialias : {false, true})
    for (uint8_t value : resize(grey, {7, 1}, antialias).pixels) EXPECT_EQ(value, 77);
  EXPECT_EQ(resize({6, 5, 3, kSource}, {6, 5}, true).pixels, kSource);
}

TEST(Resize, HandlesOnePixel) {
  const Image dot{1, 1, 3, {1, 2, 3}};
  EXPECT_EQ(resize(dot, {2, 1}, false).pixels, (std::vector<uint8_t>{1, 2, 3, 1, 2, 3}));
  EXPECT_EQ(resize(dot, {2, 1}, true).pixels, (std::vector<uint8_t>{1, 2, 3, 1, 2, 3}));
}

}  // namespace
}  // namespace acuate
