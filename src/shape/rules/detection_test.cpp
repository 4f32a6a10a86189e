#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(DetectionRules, SelectedBoxesAreRowsOfThree) {
  EXPECT_EQ(infer("float[n,b,4] x, float[n,c,b] s, int64 m", "y = NonMaxSuppression(x, s, m)"),
            "int64[?'y'.0, 3]");
  EXPECT_EQ(infer("float[n,b,4] x, float[n,c,b] s", "y = NonMaxSuppression(x, s)"), "int64[0, 3]");
  EXPECT_THAT(infer("float[1,8,4] x, float[1,2,9] s", "y = NonMaxSuppression(x, s)"),
              HasSubstr("scores against boxes: 9, expected 8"));
}

TEST(DetectionRules, PluginOfTensorRt) {
  EXPECT_EQ(infer("float[n,b,4] x, float[n,b,c] s",
                  "y, p, q, r = EfficientNMS_TRT<max_output_boxes=30>(x, s)", "y p q r"),
            "int32[n, 1]; float32[n, 30, 4]; float32[n, 30]; int32[n, 30]");
}

}  // namespace
}  // namespace acuate
