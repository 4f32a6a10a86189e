#include <cmath>

#include <gmock/gmock.h>

#include "evaluate/decoder_test_support.h"

namespace acuate {

void register_evaluate_ssd(DecoderRegistry& registry);

namespace {

using ::testing::HasSubstr;

// tests/decoders_test.py holds real networks' outputs to a decoder of its own.

// 16 x 8: two cells of stride 8 with one anchor, one of stride 16 with two.
Result<Decoded> decode(const std::vector<Tensor>& outputs) {
  DecoderOptions options = {{"anchors_per_layer", 1}, {"box_values", 4}};
  options.set("strides", {8, 16, 16});
  return run_decoder(register_evaluate_ssd, outputs, {16, 8}, options);
}

TEST(Ssd, PutsAnchorsInTheMiddleOfCells) {
  const float no = -99;
  const Tensor scores = Tensor::of<float>({1, 2, 1}, {no, 0});
  const Tensor more_scores = Tensor::of<float>({1, 2, 1}, {no, 2});
  const Tensor boxes = Tensor::of<float>({1, 4, 4}, {0, 0, 0, 0, 1, 2, 4, 6,  //
                                                     0, 0, 0, 0, -1, -2, 8, 10});
  const auto decoded = decode({scores, boxes, more_scores});
  ASSERT_TRUE(decoded) << decoded.error().message;
  ASSERT_EQ(decoded->detections.size(), 2);
  EXPECT_EQ(decoded->detections[0].box, (Box{8 - 1 - 4, 8 - 2 - 5, 8 - 1 + 4, 8 - 2 + 5}));
  EXPECT_FLOAT_EQ(decoded->detections[0].score, static_cast<float>(1 / (1 + std::exp(-2.0))));
  EXPECT_EQ(decoded->detections[1].box, (Box{12 + 1 - 2, 4 + 2 - 3, 12 + 1 + 2, 4 + 2 + 3}));
  EXPECT_EQ(decoded->detections[1].score, 0.5F);
}

TEST(Ssd, RefusesAnotherNumberOfAnchors) {
  const Tensor scores = Tensor::allocate(ElementType::Float, {1, 3, 1});
  EXPECT_THAT(decode({scores}).error().message,
              HasSubstr("a 16x8 input has 4 anchors; found 3 rows of scores and 0 of boxes"));
}

}  // namespace
}  // namespace acuate
