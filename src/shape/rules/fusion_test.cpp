#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(FusionRules, KeepTheirInput) {
  EXPECT_EQ(infer("float[b,s,64] x, float[64] c", "y = com.microsoft.BiasGelu(x, c)"),
            "float32[b, s, 64]");
  EXPECT_EQ(infer("float16[n,c] x", "y = com.microsoft.QuickGelu(x)"), "float16[n, c]");
  EXPECT_EQ(infer("int64[b,s] i, float[b,v] x", "y = com.microsoft.NGramRepeatBlock(i, x)"),
            "float32[b, v]");
  EXPECT_EQ(infer("float[n,1] x, float[c] z", "y = com.microsoft.ComplexMul(x, z)"),
            "float32[n, c]");
  EXPECT_EQ(infer("string[n] x", "y = com.microsoft.MurmurHash3<positive=0>(x)"), "int32[n]");
}

TEST(FusionRules, HalvesAndBranches) {
  EXPECT_EQ(infer("float[b,s,d] x, float[d] c", "y = com.microsoft.BiasSplitGelu(x, c)"),
            "float32[b, s, d//2]");
  EXPECT_EQ(infer("float[b,s,256] x, float[b,s,4] m",
                  "y = com.microsoft.HyperConnectionPreMix<num_branches=4>(x, m)"),
            "float32[b, s, 64]");
  EXPECT_THAT(infer("float[1,2,5] x, float[5] c", "y = com.microsoft.BiasSplitGelu(x, c)"),
              HasSubstr("its last dimension 5 is no multiple of 2"));
}

TEST(FusionRules, WindowsAndTables) {
  EXPECT_EQ(infer("float[n,l] x", "y = com.microsoft.UnfoldTensor<dim=1, size=4, step=2>(x)"),
            "float32[n, l//2 - 1, 4]");
  EXPECT_EQ(infer("float[v,64] w, int64[b,s] i", "y = com.microsoft.TorchEmbedding(w, i)"),
            "float32[b, s, 64]");
  EXPECT_EQ(infer("float[m,k] a, float[n,k] c", "y = com.microsoft.CDist(a, c)"), "float32[m, n]");
  EXPECT_EQ(infer("float[n,c] x", "y = com.microsoft.ExpandDims(x, a)", "y", "int32 a = {-1}"),
            "float32[n, c, 1]");
  EXPECT_THAT(infer("float[m,3] a, float[n,4] c", "y = com.microsoft.CDist(a, c)"),
              HasSubstr("columns differ: 4, expected 3"));
}

}  // namespace
}  // namespace acuate
