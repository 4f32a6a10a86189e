#include "export/decoder_graph_test_support.h"

namespace acuate {
namespace {

DecoderOptions two_levels() {
  DecoderOptions options{{"reg_max", 3}};
  options.set("strides", {8, 16});
  return options;
}

// 60 x 32, sides that no stride divides: 8 * 4 cells and 4 * 2.
TEST(GflGraph, DetectsWhatItsDecoderDoes) {
  const auto both =
      decode_both("gfl",
                  {random_tensor({1, 32, 3}, 0, 1, 1), random_tensor({1, 8, 3}, 0, 1, 2),
                   random_tensor({1, 32, 16}, -4, 4, 3), random_tensor({1, 8, 16}, -4, 4, 4)},
                  {60, 32}, two_levels());
  expect_equal_detections(both, 20);
}

TEST(GflGraph, RefusesAMissingLevel) {
  const auto model = decoder_model(
      "gfl", options_of("gfl", two_levels()),
      ports_of({random_tensor({1, 32, 3}, 0, 1), random_tensor({1, 32, 16}, 0, 1)}, {60, 32}));
  EXPECT_THAT(model.error().message, testing::HasSubstr("at stride 16 a 60x32 input has 8 cells"));
}

}  // namespace
}  // namespace acuate
