#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(ConvRules, SpatialDimensionsAreExpressions) {
  EXPECT_EQ(
      infer("float[n,3,h,w] x, float[8,3,3,3] k", "y = Conv<pads=[1,1,1,1], strides=[2,2]>(x, k)"),
      "float32[n, 8, (h + 1)//2, (w + 1)//2]");
  EXPECT_EQ(infer("float[n,4,h] x, float[8,2,3] k", "y = Conv<group=2, dilations=[2]>(x, k)"),
            "float32[n, 8, h - 4]");
  EXPECT_EQ(infer("float[n,3,h,w] x, float[8,3,3,3] k",
                  "y = Conv<auto_pad=\"SAME_UPPER\", strides=[2,3]>(x, k)"),
            "float32[n, 8, (h + 1)//2, (w + 2)//3]");
  EXPECT_EQ(infer("float[n,3,7,7] x, float[8,3,3,3] k",
                  "y = Conv<auto_pad=\"VALID\", strides=[2,2]>(x, k)"),
            "float32[n, 8, 3, 3]");
  EXPECT_EQ(infer("int8[n,3,h,w] x, int8[8,3,1,1] k", "y = ConvInteger(x, k)"),
            "int32[n, 8, h, w]");
}

TEST(ConvRules, WhatDoesNotFitIsRefused) {
  EXPECT_THAT(infer("float[1,3,8,8] x, float[8,4,3,3] k", "y = Conv(x, k)"),
              HasSubstr("group 1: 3, expected 4"));
  EXPECT_THAT(infer("float[1,3,8,8] x, float[8,3,3,3] k", "y = Conv<strides=[1]>(x, k)"),
              HasSubstr("strides has 1 values for 2 spatial axes"));
  EXPECT_THAT(infer("float[1,3,2,8] x, float[8,3,3,3] k", "y = Conv(x, k)"),
              HasSubstr("its window of 3 exceeds the padded input of 2 at spatial axis 0"));
  EXPECT_THAT(infer("float[1,3,8,8] x, float[8,3,3,3] k", "y = Conv<kernel_shape=[3,5]>(x, k)"),
              HasSubstr("kernel_shape says 5 at spatial axis 1, its weight 3"));
  EXPECT_THAT(infer("float[1,3,8,8] x, float[8,3,3,3] k, float[7] b", "y = Conv(x, k, b)"),
              HasSubstr("length of the bias against output channels: 7, expected 8"));
  EXPECT_THAT(infer("float[1,3,8,8] x, float[8,3,3,3] k", "y = Conv<auto_pad=\"same\">(x, k)"),
              HasSubstr("auto_pad is 'same'"));
}

TEST(ConvRules, TransposedConvolutionInverts) {
  EXPECT_EQ(infer("float[n,8,h,w] x, float[8,4,2,2] k", "y = ConvTranspose<strides=[2,2]>(x, k)"),
            "float32[n, 4, 2*h, 2*w]");
  EXPECT_EQ(infer("float[n,8,h,w] x, float[8,2,3,3] k",
                  "y = ConvTranspose<group=2, strides=[2,2], pads=[1,1,1,1], "
                  "output_padding=[1,1]>(x, k)"),
            "float32[n, 4, 2*h, 2*w]");
  EXPECT_EQ(infer("float[n,8,h,w] x, float[8,4,3,3] k",
                  "y = ConvTranspose<output_shape=[10,8], strides=[3,2]>(x, k)"),
            "float32[n, 4, 10, 8]");
  EXPECT_EQ(infer("float[n,8,h,w] x, float[8,4,3,3] k",
                  "y = ConvTranspose<auto_pad=\"SAME_UPPER\", strides=[3,2]>(x, k)"),
            "float32[n, 4, 3*h, 2*w]");
  EXPECT_THAT(infer("float[1,3,8,8] x, float[8,4,3,3] k", "y = ConvTranspose(x, k)"),
              HasSubstr("channels of its weight against those of its input: 8, expected 3"));
}

TEST(ConvRules, QuantizedAndChannelsLastForms) {
  EXPECT_EQ(infer("uint8[n,3,h,w] x, float s, uint8 z, int8[8,3,3,3] k, int8 i",
                  "y = QLinearConv(x, s, z, k, s, i, s, i)"),
            "int8[n, 8, h - 2, w - 2]");
  EXPECT_EQ(infer("uint8[n,h,w,3] x, float s, uint8 z, int8[8,3,3,3] k, int8 i",
                  "y = com.microsoft.QLinearConv<channels_last=1>(x, s, z, k, s, i, s, z)"),
            "uint8[n, h - 2, w - 2, 8]");
  EXPECT_EQ(infer("float[n,h,w,3] x, float[8,3,3,3] k", "y = com.microsoft.NhwcConv(x, k)"),
            "float32[n, h - 2, w - 2, 8]");
  EXPECT_EQ(infer("float[n,h,w,4] x, float[8,3,1,4] k", "y = com.microsoft.NhwcConv(x, k)"),
            "float32[n, h - 2, w, 8]");
  EXPECT_EQ(infer("float[n,h,w,4] x, float[8,4,3,1] k", "y = com.microsoft.NhwcFusedConv(x, k)"),
            "float32[n, h - 2, w, 8]");
}

TEST(ConvRules, ColumnsBecomeAnImage) {
  EXPECT_EQ(infer("float[n,c,l] x", "y = Col2Im(x, i, b)", "y",
                  "int64[2] i = {6, 5}, int64[2] b = {3, 2}", 18),
            "float32[n, c//6, 6, 5]");
  EXPECT_THAT(infer("float[1,8,12] x", "y = Col2Im(x, i, b)", "y",
                    "int64[2] i = {6, 5}, int64[2] b = {3, 1}", 18),
              HasSubstr("8 rows of columns are no multiple of the block's 3"));
}

}  // namespace
}  // namespace acuate
