#include <gmock/gmock.h>

#include "evaluate/decoder_test_support.h"

namespace acuate {

void register_evaluate_gfl(DecoderRegistry& registry);

namespace {

using ::testing::HasSubstr;

// tests/decoders_test.py holds real networks' outputs to a decoder of its own.

// 24 x 8 at strides 8 and 16: 3 x 1 and 2 x 1 cells, in any order of outputs.
struct Head {
  Tensor near_scores = Tensor::allocate(ElementType::Float, {1, 3, 2});
  Tensor near_sides = Tensor::allocate(ElementType::Float, {1, 3, 32});
  Tensor far_scores = Tensor::allocate(ElementType::Float, {1, 2, 2});
  Tensor far_sides = Tensor::allocate(ElementType::Float, {1, 2, 32});
};

Result<Decoded> decode(const std::vector<Tensor>& outputs) {
  DecoderOptions options;
  options.set("strides", {8, 16});
  return run_decoder(register_evaluate_gfl, outputs, {24, 8}, options);
}

// Logits all alike expect 3.5 bins; one far above the others expects its own.
TEST(Gfl, ReadsDistributions) {
  Head head;
  head.near_scores.mutable_values<float>()[2 * 2 + 1] = 0.75F;
  head.far_scores.mutable_values<float>()[0] = 0.5F;
  head.far_sides.mutable_values<float>()[2] = 1000;  // left: 2 cells of 16
  const auto decoded = decode({head.far_sides, head.near_scores, head.far_scores, head.near_sides});
  ASSERT_TRUE(decoded) << decoded.error().message;
  ASSERT_EQ(decoded->detections.size(), 2);
  EXPECT_EQ(decoded->detections[0].category, 1);
  EXPECT_EQ(decoded->detections[0].box, (Box{20 - 28, 4 - 28, 20 + 28, 4 + 28}));
  EXPECT_EQ(decoded->detections[1].box, (Box{8 - 32, 8 - 56, 8 + 56, 8 + 56}));
}

TEST(Gfl, RefusesALevelThatIsNotThere) {
  const Head head;
  EXPECT_THAT(decode({head.near_scores, head.near_sides}).error().message,
              HasSubstr("at stride 16 a 24x8 input has 2 cells; expected one output 1x2xCLASSES "
                        "and one 1x2x32, found 1x3x2, 1x3x32"));
}

}  // namespace
}  // namespace acuate
