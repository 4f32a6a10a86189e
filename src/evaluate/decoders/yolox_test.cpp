#include <cmath>

#include <gmock/gmock.h>

#include "evaluate/decoder_test_support.h"

namespace acuate {

void register_evaluate_yolox(DecoderRegistry& registry);

namespace {

using ::testing::HasSubstr;

// tests/decoders_test.py holds real networks' outputs to a decoder of its own.

// 64 x 32 has 8 * 4 + 4 * 2 + 2 * 1 cells. Cell 11 is column 3, row 1 of the first level, cell 41
// the second of the last.
TEST(Yolox, ReadsCellsOfAllLevels) {
  Tensor output = Tensor::allocate(ElementType::Float, {1, 42, 6});
  auto v = output.mutable_values<float>();
  const std::vector<float> near = {0.5F, 0.25F, 0, std::log(2.0F), 0.5F, 0.5F};
  std::copy(near.begin(), near.end(), v.begin() + 11 * 6);
  const std::vector<float> far = {0, 0, 0, 0, 1, 1};
  std::copy(far.begin(), far.end(), v.begin() + 41 * 6);
  const auto decoded = run_decoder(register_evaluate_yolox, {output}, {64, 32});
  ASSERT_TRUE(decoded) << decoded.error().message;
  ASSERT_EQ(decoded->detections.size(), 2);
  EXPECT_EQ(decoded->detections[0].box, (Box{16, -16, 48, 16}));
  const Box box = decoded->detections[1].box;
  EXPECT_EQ(decoded->detections[1].score, 0.25F);
  EXPECT_NEAR(box.left, 24, 1e-5);
  EXPECT_NEAR(box.top, 2, 1e-5);
  EXPECT_NEAR(box.bottom, 18, 1e-5);
}

TEST(Yolox, RefusesAnotherNumberOfCells) {
  const Tensor output = Tensor::allocate(ElementType::Float, {1, 41, 6});
  EXPECT_THAT(run_decoder(register_evaluate_yolox, {output}, {64, 32}).error().message,
              HasSubstr("a 64x32 input has 42 cells; expected one output 1x42x(5 + classes), "
                        "found 1x41x6"));
}

}  // namespace
}  // namespace acuate
