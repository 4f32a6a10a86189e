#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(MatMulRules, BatchesBroadcastAndVectorsLoseTheirDimension) {
  EXPECT_EQ(infer("float[b,1,m,k] a, float[h,k,n] c", "y = MatMul(a, c)"), "float32[b, h, m, n]");
  EXPECT_EQ(infer("float[k] a, float[b,k,n] c", "y = MatMul(a, c)"), "float32[b, n]");
  EXPECT_EQ(infer("float[b,m,k] a, float[k] c", "y = MatMul(a, c)"), "float32[b, m]");
  EXPECT_EQ(infer("float[k] a, float[k] c", "y = MatMul(a, c)"), "float32[]");
  EXPECT_EQ(infer("uint8[m,4] a, int8[4,n] c", "y = MatMulInteger(a, c)"), "int32[m, n]");
  EXPECT_THAT(infer("float[2,3] a, float[4,5] c", "y = MatMul(a, c)"),
              HasSubstr("columns of the first: 4, expected 3; inputs: 'a' float32[2, 3] (input)"));
}

TEST(MatMulRules, GemmTransposes) {
  EXPECT_EQ(infer("float[k,m] a, float[n,k] c", "y = Gemm<transA=1, transB=1>(a, c)"),
            "float32[m, n]");
  EXPECT_THAT(infer("float[2,3] a, float[3,4] c, float[5] d", "y = Gemm(a, c, d)"),
              HasSubstr("dimension of the bias: 5, expected 4"));
  EXPECT_THAT(infer("float[2,3,4] a, float[4,5] c", "y = Gemm(a, c)"),
              HasSubstr("input 0 has rank 3, expected 2"));
}

TEST(MatMulRules, EinsumReadsItsEquation) {
  EXPECT_EQ(
      infer("float[b,i,k] a, float[b,k,j] c", "y = Einsum<equation=\"bik, bkj -> bij\">(a, c)"),
      "float32[b, i, j]");
  EXPECT_EQ(infer("float[b,h,i,k] a, float[b,h,j,k] c",
                  "y = Einsum<equation=\"...ik,...jk->...ij\">(a, c)"),
            "float32[b, h, i, j]");
  EXPECT_EQ(infer("float[i,k] a, float[k,j] c", "y = Einsum<equation=\"zk,kb\">(a, c)"),
            "float32[j, i]");
  EXPECT_EQ(infer("float[n,n] a", "y = Einsum<equation=\"ii->\">(a)"), "float32[]");
  EXPECT_THAT(infer("float[2,3] a, float[4,5] c", "y = Einsum<equation=\"ij,jk->ik\">(a, c)"),
              HasSubstr("one letter stands for two dimensions: 3 against 4"));
  EXPECT_THAT(infer("float[2,3] a", "y = Einsum<equation=\"ij,jk->ik\">(a)"),
              HasSubstr("2 terms for 1 inputs"));
}

TEST(MatMulRules, DetTakesSquares) {
  EXPECT_EQ(infer("float[b,3,3] a", "y = Det(a)"), "float32[b]");
  EXPECT_THAT(infer("float[3,4] a", "y = Det(a)"), HasSubstr("rows against columns"));
}

TEST(MatMulRules, QuantizedForms) {
  EXPECT_EQ(infer("uint8[b,m,k] a, float s, uint8 z, int8[k,n] c, int8 w, int8 o",
                  "y = QLinearMatMul(a, s, z, c, s, w, s, o)"),
            "int8[b, m, n]");
  EXPECT_EQ(infer("float[b,s,64] a, uint8[128,2,16] w, float[128,2] c",
                  "y = com.microsoft.MatMulNBits<K=64, N=128, bits=4, block_size=32>(a, w, c)"),
            "float32[b, s, 128]");
  EXPECT_THAT(infer("float[b,s,60] a, uint8[128,2,16] w, float[128,2] c",
                    "y = com.microsoft.MatMulNBits<K=64, N=128>(a, w, c)"),
              HasSubstr("60, expected 64"));
  EXPECT_EQ(infer("uint8[m,k] a, float s, uint8 z, uint8[n,k] c",
                  "y = com.microsoft.QGemm<transB=1>(a, s, z, c, s, z)"),
            "float32[m, n]");
  EXPECT_EQ(infer("uint8[m,k] a, uint8[k,n] c, float16 s",
                  "y = com.microsoft.MatMulIntegerToFloat(a, c, s, s)"),
            "float16[m, n]");
}

TEST(MatMulRules, FusedMatMulTransposesBatches) {
  EXPECT_EQ(
      infer("float[b,m,k] a, float[b,n,k] c", "y = com.microsoft.FusedMatMul<transB=1>(a, c)"),
      "float32[b, m, n]");
  EXPECT_EQ(
      infer("float[m,b,k] a, float[b,k,n] c", "y = com.microsoft.FusedMatMul<transBatchA=1>(a, c)"),
      "float32[b, m, n]");
}

}  // namespace
}  // namespace acuate
