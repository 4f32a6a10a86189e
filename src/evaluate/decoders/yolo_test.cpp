#include <gmock/gmock.h>

#include "evaluate/decoder_test_support.h"

namespace acuate {

void register_evaluate_yolo(DecoderRegistry& registry);

namespace {

using ::testing::HasSubstr;

// tests/decoders_test.py holds real networks' outputs to a decoder of its own.

// Two boxes of two classes, channels first.
TEST(Yolo, ReadsVersionEight) {
  const Tensor output =
      Tensor::of<float>({1, 6, 2}, {10, 50, 20, 60, 4, 8, 6, 2, 0.9F, 0, 0, 0.5F});
  const auto decoded = run_decoder(register_evaluate_yolo, {output});
  ASSERT_TRUE(decoded) << decoded.error().message;
  ASSERT_EQ(decoded->detections.size(), 2);
  EXPECT_EQ(decoded->detections[0].box, (Box{8, 17, 12, 23}));
  EXPECT_EQ(decoded->detections[0].category, 0);
  EXPECT_EQ(decoded->detections[1].box, (Box{46, 59, 54, 61}));
  EXPECT_EQ(decoded->detections[1].category, 1);
  EXPECT_EQ(decoded->detections[1].score, 0.5F);
}

// One box a row; the object's score multiplies.
TEST(Yolo, ReadsVersionFive) {
  const Tensor output = Tensor::of<float>({1, 1, 7}, {10, 20, 4, 6, 0.5F, 0.5F, 0.001F});
  const auto decoded = run_decoder(register_evaluate_yolo, {output}, {}, {{"objectness", 1}});
  ASSERT_EQ(decoded->detections.size(), 1);
  EXPECT_EQ(decoded->detections[0].score, 0.25F);
  EXPECT_EQ(decoded->detections[0].box, (Box{8, 17, 12, 23}));
}

TEST(Yolo, RefusesOtherShapes) {
  EXPECT_THAT(run_decoder(register_evaluate_yolo, {Tensor::allocate(ElementType::Float, {1, 4, 9})})
                  .error()
                  .message,
              HasSubstr("expected one output 1x(4 + classes)xBOXES, found 1x4x9"));
  EXPECT_THAT(run_decoder(register_evaluate_yolo, {}).error().message, HasSubstr("found 0"));
}

}  // namespace
}  // namespace acuate
