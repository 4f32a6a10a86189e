#include "quantize/gradient_test_support.h"

namespace acuate {
namespace {

TEST(Resizing, EveryLinearMethod) {
  for (const std::string attributes :
       {"mode=\"nearest\", coordinate_transformation_mode=\"asymmetric\", nearest_mode=\"floor\"",
        "mode=\"nearest\"", "mode=\"linear\"",
        "mode=\"linear\", coordinate_transformation_mode=\"align_corners\"", "mode=\"cubic\""}) {
    expect_gradients(
        "g (float[1,2,3,2] x) => (float[1,2,6,4] y) <float[4] s = {1.0, 1.0, 2.0, 2.0}> { y = "
        "Resize<" +
        attributes + ">(x, , s) }");
    expect_gradients(
        "g (float[1,2,4,5] x) => (float[1,2,7,3] y) <int64[4] s = {1, 2, 7, 3}> { y = Resize<" +
        attributes + ">(x, , , s) }");
  }
}

TEST(Resizing, ARegionOfInterestIsNotReached) {
  EXPECT_NE(not_reached("g (float[1,1,4,4] x) => (float[1,1,2,2] y) <float[8] r = {0.0, 0.0, 0.1, "
                        "0.1, 1.0, 1.0, 0.9, 0.9}, int64[4] s = {1, 1, 2, 2}> { y = "
                        "Resize<coordinate_transformation_mode=\"tf_crop_and_resize\", "
                        "mode=\"linear\">(x, r, , s) }"),
            "");
}

}  // namespace
}  // namespace acuate
