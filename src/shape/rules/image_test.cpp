#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(ImageRules, ScalesAreExactFractions) {
  EXPECT_EQ(
      infer("float[n,c,h,w] x", "y = Resize(x, , s)", "y", "float[4] s = {1.0, 1.0, 2.0, 0.375}"),
      "float32[n, c, 2*h, (3*w)//8]");
  EXPECT_EQ(infer("float[n,c,9,9] x", "y = Resize(x, , s)", "y",
                  "float[4] s = {1.0, 1.0, 1.3333333, 0.6}"),
            "float32[n, c, 11, 5]");
  EXPECT_EQ(infer("float[n,c,h,w] x", "y = Resize(x, , s)", "y",
                  "float[4] s = {1.0, 1.0, 1.3333333, 2.0}"),
            "float32[n, c, ?'y'.2, ?'y'.3]");
  EXPECT_EQ(
      infer("float[n,c,h,w] x", "y = Resize(x, s)", "y", "float[4] s = {1.0,1.0,2.0,2.0}", 10),
      "float32[n, c, 2*h, 2*w]");
  EXPECT_THAT(infer("float[1,3,8,8] x", "y = Resize(x, , s)", "y", "float[2] s = {2.0, 2.0}"),
              HasSubstr("scales has 2 values for 4 axes"));
}

TEST(ImageRules, SizesComeFromOtherTensors) {
  EXPECT_EQ(infer("float[n,c,h,w] x, float[n,c,p,q] z", "s = Shape(z)  y = Resize(x, , , s)"),
            "float32[n, c, p, q]");
  EXPECT_EQ(
      infer("float[n,c,h,w] x", "y = Resize<axes=[3,2]>(x, , , s)", "y", "int64[2] s = {7, 5}", 18),
      "float32[n, c, 5, 7]");
  EXPECT_EQ(infer("float[1,1,4,2] x",
                  "y = Resize<axes=[2,3], keep_aspect_ratio_policy=\"not_larger\">(x, , , s)", "y",
                  "int64[2] s = {7, 8}", 18),
            "float32[1, 1, 7, 4]");
  EXPECT_EQ(infer("float[1,1,4,2] x",
                  "y = Resize<axes=[2,3], keep_aspect_ratio_policy=\"not_smaller\">(x, , , s)", "y",
                  "int64[2] s = {7, 8}", 18),
            "float32[1, 1, 16, 8]");
  EXPECT_THAT(infer("float[1,3,8,8] x", "y = Resize(x)"), HasSubstr("neither scales nor sizes"));
}

TEST(ImageRules, OldUpsample) {
  EXPECT_EQ(infer("float[n,c,h,w] x", "y = Upsample<scales=[1.0,1.0,2.0,3.0]>(x)", "y", "", 8),
            "float32[n, c, 2*h, 3*w]");
  EXPECT_EQ(
      infer("float[n,c,h,w] x", "y = Upsample(x, s)", "y", "float[4] s = {1.0,1.0,2.0,2.5}", 9),
      "float32[n, c, 2*h, 2*w + w//2]");
}

TEST(ImageRules, GridsGiveTheirSize) {
  EXPECT_EQ(infer("float[n,c,h,w] x, float[n,p,q,2] g", "y = GridSample(x, g)"),
            "float32[n, c, p, q]");
  EXPECT_THAT(infer("float[1,1,8,8] x, float[1,4,4,3] g", "y = GridSample(x, g)"),
              HasSubstr("coordinates of each grid point: 3, expected 2"));
  EXPECT_EQ(
      infer("float[n,2,3] t, float[n,c,h,w] z", "s = Shape(z)  y = AffineGrid(t, s)", "y", "", 20),
      "float32[n, h, w, 2]");
}

TEST(ImageRules, CropsAndPads) {
  EXPECT_EQ(infer("float[h,w,3] x", "y = CenterCropPad<axes=[0,1]>(x, s)", "y",
                  "int64[2] s = {10, 9}", 18),
            "float32[10, 9, 3]");
  EXPECT_EQ(infer("float[n,c,h,w] x, float[r,4] b, int32[r] i",
                  "y = com.microsoft.CropAndResize(x, b, i, s)", "y", "int32[2] s = {14, 13}"),
            "float32[r, c, 14, 13]");
  EXPECT_THAT(infer("float[8,9] x", "y = CenterCropPad(x, s)", "y", "int64[1] s = {10}", 18),
              HasSubstr("its shape has 1 values for 2 axes"));
}

}  // namespace
}  // namespace acuate
