#include "data/preprocess.h"

#include <gmock/gmock.h>

namespace acuate {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// One row: red-ish and blue-ish pixel.
const Image kTwo{2, 1, 3, {200, 100, 0, 10, 20, 250}};

Preprocess preset(const std::string& id) { return *read_preprocess(id); }

TEST(PreprocessImage, RawKeepsPixelsInPlanes) {
  const auto tensor = preprocess_image(preset("raw"), kTwo, {1, 3, 1, 2});
  ASSERT_TRUE(tensor) << tensor.error().message;
  EXPECT_THAT(tensor->values<float>(), ElementsAre(200, 10, 100, 20, 0, 250));
}

TEST(PreprocessImage, InterleavesForNhwc) {
  Preprocess raw = preset("raw");
  raw.layout = Preprocess::Layout::Nhwc;
  EXPECT_THAT(preprocess_image(raw, kTwo, {1, 1, 2, 3})->values<float>(),
              ElementsAre(200, 100, 0, 10, 20, 250));
}

TEST(PreprocessImage, ImagenetNormalises) {
  const auto tensor = preprocess_image(preset("imagenet"), kTwo, {1, 3, 1, 2});
  EXPECT_FLOAT_EQ(tensor->values<float>()[0], (200.0f / 255 - 0.485f) / 0.229f);
  EXPECT_NEAR(tensor->values<float>()[5], (250.0 / 255 - 0.406) / 0.225, 1e-6);
}

// PaddleOCR gives the first mean and deviation to blue.
TEST(PreprocessImage, PpocrDetIsBgr) {
  const auto tensor = preprocess_image(preset("ppocr_det"), kTwo, {1, 3, 1, 2});
  EXPECT_NEAR(tensor->values<float>()[1], (250.0 / 255 - 0.485) / 0.229, 1e-6);
  EXPECT_NEAR(tensor->values<float>()[4], (200.0 / 255 - 0.406) / 0.225, 1e-6);
}

TEST(PreprocessImage, PpocrDetPadsBlackBeforeNormalisation) {
  const auto tensor = preprocess_image(preset("ppocr_det"), kTwo, {1, 3, 2, 2});
  EXPECT_NEAR(tensor->values<float>()[2], (0 - 0.485) / 0.229, 1e-6);
  EXPECT_NEAR(tensor->values<float>()[3], (0 - 0.485) / 0.229, 1e-6);
}

TEST(PreprocessImage, LetterboxCentersOnGrey) {
  const Image white{4, 2, 3, std::vector<uint8_t>(24, 255)};
  const auto tensor = preprocess_image(preset("letterbox"), white, {1, 3, 4, 4});
  const auto plane = tensor->values<float>().subspan(0, 16);
  EXPECT_THAT(plane.subspan(0, 4), Each(114 * (1 / 255.0f)));
  EXPECT_THAT(plane.subspan(4, 8), Each(255 * (1 / 255.0f)));
  EXPECT_THAT(plane.subspan(12, 4), Each(114 * (1 / 255.0f)));
}

TEST(PreprocessImage, GreyIsLuma) {
  Preprocess grey = preset("raw");
  grey.channel_order = Preprocess::ChannelOrder::Gray;
  // 0.299 * 200 + 0.587 * 100 = 118.5, which rounds to even; 0.299 * 10 + 0.587 * 20 + 0.114 * 250
  // = 43.23
  EXPECT_THAT(preprocess_image(grey, kTwo, {1, 1, 1, 2})->values<float>(), ElementsAre(118, 43));
}

TEST(PreprocessImage, RoundsAndClampsToUint8) {
  Preprocess bytes = preset("raw");
  bytes.type = ElementType::Uint8;
  bytes.scale = 1.5;
  EXPECT_THAT(preprocess_image(bytes, kTwo, {1, 3, 1, 2})->values<uint8_t>(),
              ElementsAre(255, 15, 150, 30, 0, 255));
}

TEST(PreprocessImage, SaysWhatDoesNotFit) {
  const auto error = [&](const Shape& shape) {
    return preprocess_image(preset("unit"), kTwo, shape).error().message;
  };
  EXPECT_THAT(error({1, 224, 224, 3}), HasSubstr("layout: nhwc"));
  EXPECT_THAT(error({1, 3, -1, -1}), HasSubstr("--shape"));
  EXPECT_THAT(error({2, 3, 8, 8}), HasSubstr("one at a time"));
  EXPECT_THAT(error({1, 1, 8, 8}), HasSubstr("1x3xHxW"));
  EXPECT_THAT(error({3, 8, 8}), HasSubstr("shape 1x3xHxW, found 3x8x8"));
  EXPECT_THAT(error({1, 3, 8, 1 << 20}), HasSubstr("no image size"));
}

// A point of the input maps to where its pixel came from: corners to corners.
TEST(CoordinateMap, LeadsBackToTheImage) {
  const auto stretch = coordinate_map(preset("unit"), {100, 50}, {20, 20});
  EXPECT_DOUBLE_EQ(20 * stretch.scale_x + stretch.offset_x, 100);
  EXPECT_DOUBLE_EQ(20 * stretch.scale_y + stretch.offset_y, 50);
  const auto letterbox = coordinate_map(preset("letterbox"), {100, 50}, {20, 20});
  EXPECT_DOUBLE_EQ(5 * letterbox.scale_y + letterbox.offset_y, 0);
  EXPECT_DOUBLE_EQ(15 * letterbox.scale_y + letterbox.offset_y, 50);
  EXPECT_DOUBLE_EQ(20 * letterbox.scale_x + letterbox.offset_x, 100);
  const auto corner = coordinate_map(preset("ppocr_det"), {100, 50}, {20, 20});
  EXPECT_DOUBLE_EQ(corner.offset_y, 0);
  EXPECT_DOUBLE_EQ(10 * corner.scale_y, 50);
}

}  // namespace
}  // namespace acuate
