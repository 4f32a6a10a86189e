#include "export/decoder_graph_test_support.h"

namespace acuate {
namespace {

// Two layers of stride 16 share the cells of 64 x 32: 8 * 4 * 2 anchors and 4 * 2 * 4. Scores come
// first, small levels before large ones.
TEST(SsdGraph, DetectsWhatItsDecoderDoes) {
  DecoderOptions options{{"box_values", 6}};
  options.set("strides", {8, 16, 16});
  const auto both =
      decode_both("ssd",
                  {random_tensor({1, 32, 2}, -3, 3, 1), random_tensor({1, 64, 2}, -3, 3, 2),
                   random_tensor({1, 32, 6}, 1, 20, 3), random_tensor({1, 64, 6}, 1, 20, 4)},
                  {64, 32}, options);
  expect_equal_detections(both, 40);
}

TEST(SsdGraph, RefusesAnotherNumberOfAnchors) {
  const auto model = decoder_model(
      "ssd", options_of("ssd", {}),
      ports_of({random_tensor({1, 32, 1}, 0, 1), random_tensor({1, 32, 16}, 0, 1)}, {64, 64}));
  EXPECT_THAT(model.error().message, testing::HasSubstr("found 32 rows of scores and 32 of boxes"));
}

}  // namespace
}  // namespace acuate
