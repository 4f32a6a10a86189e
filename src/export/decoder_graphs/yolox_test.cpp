#include "export/decoder_graph_test_support.h"

namespace acuate {
namespace {

// 64 x 32 has 8 * 4 + 4 * 2 + 2 * 1 cells.
TEST(YoloxGraph, DetectsWhatItsDecoderDoes) {
  const auto both =
      decode_both("yolox", {random_tensor({1, 42, 8}, 0, 1)}, {64, 32}, {{"nms_iou", 0.4}});
  expect_equal_detections(both, 20);
}

TEST(YoloxGraph, RefusesAnotherNumberOfCells) {
  const auto model = decoder_model("yolox", options_of("yolox", {}),
                                   ports_of({random_tensor({1, 41, 8}, 0, 1)}, {64, 32}));
  EXPECT_THAT(model.error().message, testing::HasSubstr("a 64x32 input has 42 cells"));
}

}  // namespace
}  // namespace acuate
