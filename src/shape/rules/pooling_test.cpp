#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(PoolingRules, WindowsOverOpenDimensions) {
  EXPECT_EQ(
      infer("float[n,c,h,w] x", "y, i = MaxPool<kernel_shape=[2,2], strides=[2,2]>(x)", "y i"),
      "float32[n, c, h//2, w//2]; int64[n, c, h//2, w//2]");
  EXPECT_EQ(infer("float[n,c,h,w] x",
                  "y = AveragePool<kernel_shape=[3,3], strides=[2,2], ceil_mode=1>(x)"),
            "float32[n, c, h//2, w//2]");
  EXPECT_EQ(infer("float[n,c,h] x",
                  "y = MaxPool<kernel_shape=[3], auto_pad=\"SAME_LOWER\", strides=[2]>(x)"),
            "float32[n, c, (h + 1)//2]");
  EXPECT_THAT(infer("float[1,1,2,9] x", "y = MaxPool<kernel_shape=[3,3]>(x)"),
              HasSubstr("its window of 3 exceeds the padded input of 2"));
  EXPECT_THAT(infer("float[1,1,9] x", "y = MaxPool<kernel_shape=[3,3]>(x)"),
              HasSubstr("kernel_shape has 2 values for 1 spatial axes"));
}

// The last window of ceil_mode must not begin behind the input: 1·1 with stride 2 in 2 pads 0.
TEST(PoolingRules, CeilModeDropsWindowsInThePadding) {
  EXPECT_EQ(infer("float[1,1,2,4] x",
                  "y = MaxPool<kernel_shape=[1,1], strides=[2,2], ceil_mode=1>(x)", "y", "", 19),
            "float32[1, 1, 1, 2]");
  EXPECT_EQ(infer("float[1,1,h,3] x",
                  "y = MaxPool<kernel_shape=[1,2], strides=[2,2], ceil_mode=1>(x)", "y", "", 19),
            "float32[1, 1, (h + 1)//2, 2]");
}

TEST(PoolingRules, GlobalPoolingLeavesOnes) {
  EXPECT_EQ(infer("float[n,c,h,w] x", "y = GlobalAveragePool(x)"), "float32[n, c, 1, 1]");
  EXPECT_THAT(infer("float[n,c] x", "y = GlobalAveragePool(x)"),
              HasSubstr("input 0 has rank 2, expected at least 3"));
}

TEST(PoolingRules, Regions) {
  EXPECT_EQ(infer("float[1,c,h,w] x, float[r,4] b, int64[r] i",
                  "y = RoiAlign<output_height=7, output_width=5>(x, b, i)"),
            "float32[r, c, 7, 5]");
  EXPECT_EQ(infer("float[1,c,h,w] x, float[r,5] b", "y = MaxRoiPool<pooled_shape=[7,6]>(x, b)"),
            "float32[r, c, 7, 6]");
  EXPECT_THAT(infer("float[1,c,h,w] x, float[6,4] b, int64[5] i", "y = RoiAlign(x, b, i)"),
              HasSubstr("batch indices against regions: 5, expected 6"));
}

TEST(PoolingRules, UnpoolingInverts) {
  EXPECT_EQ(infer("float[n,c,h,w] x, int64[n,c,h,w] i",
                  "y = MaxUnpool<kernel_shape=[2,2], strides=[2,2]>(x, i)"),
            "float32[n, c, 2*h, 2*w]");
  EXPECT_EQ(infer("float[n,c,h,w] x, int64[n,c,h,w] i, float[n,c,p,q] z",
                  "s = Shape(z)  y = MaxUnpool<kernel_shape=[2,2], strides=[2,2]>(x, i, s)"),
            "float32[n, c, p, q]");
}

TEST(PoolingRules, ChannelsLast) {
  EXPECT_EQ(infer("uint8[n,h,w,c] x", "y = com.microsoft.NhwcMaxPool<kernel_shape=[2,2]>(x)"),
            "uint8[n, h - 1, w - 1, c]");
  EXPECT_EQ(infer("uint8[n,h,w,c] x, float s, uint8 z",
                  "y = com.microsoft.QLinearGlobalAveragePool<channels_last=1>(x, s, z, s, z)"),
            "uint8[n, 1, 1, c]");
}

}  // namespace
}  // namespace acuate
