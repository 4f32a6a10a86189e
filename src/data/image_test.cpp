#include "data/image.h"

#include <gmock/gmock.h>

#include "data/test_files.h"

namespace acuate {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

// 2x2, 24 bits, bottom row first, rows padded to 4 bytes.
std::string small_bmp() {
  return from_hex(
      "424d460000000000000036000000"
      "28000000020000000200000001001800"
      "00000000100000000000000000000000"
      "0000000000000000"
      "0102030405060000"
      "0708090a0b0c0000");
}

TEST(Image, DecodesPng) {
  const TestFolder folder;
  const auto image = read_image(folder.write("a.png", from_hex(kRgbPng)));
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->width, 4);
  EXPECT_EQ(image->height, 3);
  EXPECT_THAT(image->pixels, ElementsAreArray(kRgbPixels));
}

TEST(Image, SpreadsGreyAndDropsAlpha) {
  const TestFolder folder;
  const auto image = read_image(folder.write("a.png", from_hex(kGreyAlphaPng)));
  ASSERT_TRUE(image) << image.error().message;
  ASSERT_EQ(image->pixels.size(), 12u);
  std::vector<int> grey;
  for (size_t i = 0; i < 12; i += 3) {
    EXPECT_EQ(image->pixels[i], image->pixels[i + 1]);
    EXPECT_EQ(image->pixels[i], image->pixels[i + 2]);
    grey.push_back(image->pixels[i]);
  }
  EXPECT_THAT(grey, ElementsAre(144, 24, 7, 11));
}

TEST(Image, DecodesJpeg) {
  const TestFolder folder;
  const auto image = read_image(folder.write("a.jpg", from_hex(kGreyJpeg)));
  ASSERT_TRUE(image) << image.error().message;
  ASSERT_EQ(image->pixels.size(), 16u * 8 * 3);
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 16; ++x)
      EXPECT_NEAR(image->pixels[static_cast<size_t>(y * 16 + x) * 3 + 1], 10 * x + 6 * y, 4);
}

TEST(Image, DecodesBmp) {
  const TestFolder folder;
  const auto image = read_image(folder.write("a.bmp", small_bmp()));
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_THAT(image->pixels, ElementsAre(9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4));
}

TEST(Image, ReadsSizesFromTheHeader) {
  const TestFolder folder;
  EXPECT_EQ(*read_image_size(folder.write("a.png", from_hex(kRgbPng).substr(0, 60))),
            (ImageSize{4, 3}));
  EXPECT_EQ(*read_image_size(folder.write("a.jpg", from_hex(kGreyJpeg))), (ImageSize{16, 8}));
  EXPECT_EQ(*read_image_size(folder.write("a.bmp", small_bmp())), (ImageSize{2, 2}));
}

TEST(Image, RefusesEveryCutOffFile) {
  const TestFolder folder;
  for (const std::string& whole : {from_hex(kRgbPng), from_hex(kGreyJpeg), small_bmp()})
    for (size_t size = 0; size + 2 < whole.size(); ++size) {
      const auto image = read_image(folder.write("cut", whole.substr(0, size)));
      ASSERT_FALSE(image) << size << " of " << whole.size();
      EXPECT_THAT(image.error().message, HasSubstr("cut: "));
    }
}

TEST(Image, RefusesDamagedPixels) {
  const TestFolder folder;
  std::string png = from_hex(kRgbPng);
  png[png.find("IDAT") + 8] ^= 0x10;
  const auto image = read_image(folder.write("a.png", png));
  ASSERT_FALSE(image);
  EXPECT_THAT(image.error().message, HasSubstr("this PNG file is damaged"));
  EXPECT_THAT(read_image(folder.write("a.png", "hello")).error().message,
              HasSubstr("expected PNG, JPEG or BMP"));
  EXPECT_FALSE(read_image(folder.path() / "missing.png"));
}

TEST(Image, RefusesABombBeforeDecoding) {
  const TestFolder folder;
  std::string bmp = small_bmp();
  bmp.replace(18, 8, from_hex("ffff0000ffff0000"));
  const auto image = read_image(folder.write("a.bmp", bmp));
  ASSERT_FALSE(image);
  EXPECT_THAT(image.error().message, HasSubstr("claims 65535x65535 pixels"));
}

TEST(Image, KnowsItsExtensions) {
  EXPECT_TRUE(has_image_extension("a/B.JPG"));
  EXPECT_TRUE(has_image_extension("b.jpeg"));
  EXPECT_FALSE(has_image_extension("b.tiff"));
  EXPECT_FALSE(has_image_extension("png"));
}

}  // namespace
}  // namespace acuate
