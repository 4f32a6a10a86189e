#include "export/decoder_graph_test_support.h"

namespace acuate {
namespace {

// Boxes that overlap in part, of three classes; the last has no width.
TEST(YoloGraph, DetectsWhatItsDecoderDoes) {
  Tensor output = random_tensor({1, 7, 200}, 0, 1);
  auto values = output.mutable_values<float>();
  for (size_t i = 0; i < 800; ++i) values[i] = i < 400 ? values[i] * 64 : 4 + values[i] * 24;
  values[2 * 200 + 199] = 0;
  values[4 * 200 + 199] = 1;
  expect_equal_detections(decode_both("yolo", {output}, {64, 64}), 40);
}

TEST(YoloGraph, MultipliesTheScoreOfTheObject) {
  expect_equal_detections(decode_both("yolo", {random_tensor({1, 60, 8}, 0, 1)}, {64, 64},
                                      {{"objectness", 1}, {"max_detections", 7}}),
                          7);
}

// Two of a score each: the first cell's, then the first class's, is first; and a score of just the
// threshold stays.
TEST(YoloGraph, KeepsTheOrderOfEqualScores) {
  Tensor output = Tensor::allocate(ElementType::Float, {1, 6, 3});
  auto values = output.mutable_values<float>();
  for (size_t box = 0; box < 3; ++box) {
    values[box] = values[3 + box] = 10 * static_cast<float>(box) + 5;
    values[6 + box] = values[9 + box] = 4;
    values[12 + box] = 0.5F;
    values[15 + box] = box == 1 ? 0.25F : 0.5F;
  }
  const auto both = decode_both("yolo", {output}, {64, 64}, {{"score", 0.25}});
  expect_equal_detections(both, 6);
}

TEST(YoloGraph, FindsNothing) {
  const auto both =
      decode_both("yolo", {random_tensor({1, 6, 10}, 0, 0.4F)}, {64, 64}, {{"score", 0.5}});
  expect_equal_detections(both, 0);
}

TEST(YoloGraph, RefusesOutputsOfOtherNetworks) {
  const auto model = decoder_model("yolo", options_of("yolo", {}),
                                   ports_of({random_tensor({1, 4, 10}, 0, 1)}, {64, 64}));
  EXPECT_THAT(model.error().message, testing::HasSubstr("expected one output 1x(4 + classes)x"));
}

TEST(DecoderGraphs, RefuseWhatIsNoArithmetic) {
  const auto model = decoder_model("db_text", options_of("db_text", {}),
                                   ports_of({random_tensor({1, 1, 8, 8}, 0, 1)}, {8, 8}));
  EXPECT_THAT(model.error().message,
              testing::HasSubstr("decoder db-text cannot be served: it follows the contours"));
}

}  // namespace
}  // namespace acuate
