#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(AttentionRules, StandardFormsOfRankThreeAndFour) {
  EXPECT_EQ(
      infer("float[b,s,64] q, float[b,t,32] k, float[b,t,48] v",
            "y, p, r, m = Attention<q_num_heads=8, kv_num_heads=4>(q, k, v)", "y p r m", "", 23),
      "float32[b, s, 96]; float32[b, 4, t, 8]; float32[b, 4, t, 12]; float32[b, 8, s, t]");
  EXPECT_EQ(infer("float[b,8,s,16] q, float[b,2,t,16] k, float[b,2,t,16] v, float[b,2,p,16] c",
                  "y, n = Attention(q, k, v, , c, c)", "y n", "", 23),
            "float32[b, 8, s, 16]; float32[b, 2, p + t, 16]");
  EXPECT_THAT(infer("float[b,s,64] q", "y = Attention(q, q, q)", "y", "", 23),
              HasSubstr("need the attributes q_num_heads and kv_num_heads"));
}

TEST(AttentionRules, FlexAttentionTakesTheWidthOfItsValues) {
  EXPECT_EQ(infer("float[b,8,s,16] q, float[b,2,t,16] k, float[b,2,t,24] v",
                  "y = ai.onnx.preview.FlexAttention(q, k, v)"),
            "float32[b, 8, s, 24]");
  EXPECT_THAT(infer("float[1,8,4,16] q, float[1,2,5,12] k, float[1,2,5,24] v",
                    "y = ai.onnx.preview.FlexAttention(q, k, v)"),
              HasSubstr("head size of keys against queries: 12, expected 16"));
}

TEST(AttentionRules, CachesGrow) {
  EXPECT_EQ(infer("float[b,s,64] x, float[64,192] w, float[2,b,4,p,16] c",
                  "y, n = com.microsoft.Attention<num_heads=4>(x, w, , , c)", "y n"),
            "float32[b, s, 64]; float32[2, b, 4, p + s, 16]");
  EXPECT_EQ(
      infer("float[b,s,64] q, float[b,t,64] k, float[b,t,32] v, float[b,4,p,16] c",
            "y, n = com.microsoft.MultiHeadAttention<num_heads=4>(q, k, v, , , , c, c)", "y n"),
      "float32[b, s, 32]; float32[b, 4, p + t, 16]");
  EXPECT_EQ(infer("float16[b,s,96] q, float16[b,2,p,8] c, int32[b] l, int32 t",
                  "y, n = com.microsoft.GroupQueryAttention<num_heads=8, kv_num_heads=2>"
                  "(q, , , c, c, l, t)",
                  "y n"),
            "float16[b, s, 64]; float16[b, 2, ?'n'.2, 8]");
}

TEST(AttentionRules, RotaryEmbeddingsKeepTheirInput) {
  EXPECT_EQ(infer("float[b,h,s,64] x, int64[b,s] i, float[m,32] c",
                  "y = com.microsoft.RotaryEmbedding(x, i, c, c)"),
            "float32[b, h, s, 64]");
}

TEST(AttentionRules, PaddingGoesAndComesBack) {
  EXPECT_EQ(
      infer("float[b,s,64] x, int32[b] n",
            "z, o = com.microsoft.RemovePadding(x, n)  y = com.microsoft.RestorePadding(z, o)",
            "z o y"),
      "float32[?'z'.0, 64]; int32[b, s]; float32[b, s, 64]");
}

}  // namespace
}  // namespace acuate
