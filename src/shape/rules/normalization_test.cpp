#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(NormalizationRules, SoftmaxKeepsItsInput) {
  EXPECT_EQ(infer("float16[n,c,h] x", "y = Softmax<axis=1>(x)"), "float16[n, c, h]");
  EXPECT_THAT(infer("float[2,3] x", "y = Softmax<axis=2>(x)"),
              HasSubstr("axis 2 lies outside of rank 2"));
}

TEST(NormalizationRules, BatchNormalizationTellsItsStatistics) {
  EXPECT_EQ(infer("float[n,c,h,w] x, float[8] s, float[8] b, float[8] m, float[8] v",
                  "y = BatchNormalization(x, s, b, m, v)"),
            "float32[n, c, h, w]");
  EXPECT_EQ(infer("float16[n,4,h] x, float[4] s, float[4] b, float[4] m, float[4] v",
                  "y, p, q = BatchNormalization<training_mode=1>(x, s, b, m, v)", "y p q"),
            "float16[n, 4, h]; float32[4]; float32[4]");
  EXPECT_THAT(infer("float[1,4,8] x, float[4] s, float[5] b, float[4] m, float[4] v",
                    "y = BatchNormalization(x, s, b, m, v)"),
              HasSubstr("length of a parameter against channels: 5, expected 4"));
}

TEST(NormalizationRules, LayerNormalizationReducesFromItsAxisOn) {
  EXPECT_EQ(infer("float16[b,s,h] x, float16[h] w", "y, m, i = LayerNormalization<axis=1>(x, w)",
                  "y m i"),
            "float16[b, s, h]; float32[b, 1, 1]; float32[b, 1, 1]");
  EXPECT_EQ(infer("float[b,s,h] x, float[h] w", "y = RMSNormalization(x, w)", "y", "", 23),
            "float32[b, s, h]");
  EXPECT_THAT(infer("float[2,3] x, float[3] w", "y = LayerNormalization<axis=5>(x, w)"),
              HasSubstr("axis 5 lies outside of rank 2"));
}

TEST(NormalizationRules, SkipFormsGiveTheSum) {
  EXPECT_EQ(infer("float16[b,s,64] x, float16[b,s,64] k, float16[64] g",
                  "y, m, i, z = com.microsoft.SkipSimplifiedLayerNormalization(x, k, g)", "y m z"),
            "float16[b, s, 64]; float32[b, s, 1]; float16[b, s, 64]");
  EXPECT_EQ(infer("int32[b,s] x, int32[b,s] k, float[v,64] w, float[p,64] q, float[64] g",
                  "y, m = com.microsoft.EmbedLayerNormalization(x, k, w, q, , g, g)", "y m"),
            "float32[b, s, 64]; int32[b]");
}

}  // namespace
}  // namespace acuate
