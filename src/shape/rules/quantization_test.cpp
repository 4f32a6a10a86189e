#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(QuantizationRules, TypesComeFromZeroPointScaleOrAttribute) {
  EXPECT_EQ(infer("float[n,8] x, float s, int8 z", "y = QuantizeLinear(x, s, z)"), "int8[n, 8]");
  EXPECT_EQ(infer("float[n,8] x, float s", "y = QuantizeLinear(x, s)"), "uint8[n, 8]");
  EXPECT_EQ(
      infer("float[n,8] x, float s", "y = QuantizeLinear<output_dtype=22>(x, s)", "y", "", 21),
      "int4[n, 8]");
  EXPECT_EQ(infer("int8[n,8] x, float16 s", "y = DequantizeLinear(x, s)", "y", "", 19),
            "float16[n, 8]");
  EXPECT_EQ(infer("float[n,8] x", "y, s, z = DynamicQuantizeLinear(x)", "y s z"),
            "uint8[n, 8]; float32[]; uint8[]");
}

TEST(QuantizationRules, ScalesMustFit) {
  EXPECT_THAT(infer("float[1,8] x, float[7] s", "y = QuantizeLinear(x, s)"),
              HasSubstr("scales against the input's dimension 1: 7, expected 8"));
  EXPECT_THAT(infer("float[1,8] x, float[8] s, uint8[4] z", "y = QuantizeLinear(x, s, z)"),
              HasSubstr("shape of the zero point against the scale's: 4, expected 8"));
  EXPECT_THAT(infer("float[2,70] x, float[2,2] s",
                    "y = QuantizeLinear<axis=1, block_size=32>(x, s)", "y", "", 21),
              HasSubstr("scales along axis 1: 2, expected 3"));
  EXPECT_EQ(infer("int4[2,k] x, float[2,j] s", "y = DequantizeLinear<axis=1, block_size=32>(x, s)",
                  "y", "", 21),
            "float32[2, k]");
}

TEST(QuantizationRules, OperatorsOnQuantizedTensors) {
  EXPECT_EQ(infer("uint8[n,1,h] x, float s, uint8 z, uint8[c,1] w",
                  "y = com.microsoft.QLinearAdd(x, s, z, w, s, z, s, z)"),
            "uint8[n, c, h]");
  EXPECT_EQ(infer("uint8[n,3,h] a, uint8[n,c,h] b, float s, uint8 z",
                  "y = com.microsoft.QLinearConcat<axis=1>(s, z, a, s, z, b, s, z)"),
            "uint8[n, c + 3, h]");
  EXPECT_THAT(infer("uint8[1,3,4] a, uint8[1,3,5] b, float s, uint8 z",
                    "y = com.microsoft.QLinearConcat<axis=1>(s, z, a, s, z, b, s, z)"),
              HasSubstr("its parts differ: 4 against 5"));
  EXPECT_EQ(infer("bool[n,1] c, uint8[4] a, uint8 b, float s, uint8 z",
                  "y = com.microsoft.QLinearWhere(c, a, s, z, b, s, z, s, z)"),
            "uint8[n, 4]");
}

TEST(QuantizationRules, GatherFromPackedTables) {
  EXPECT_EQ(infer("uint8[v,32] d, int64[b,s] i, float16[v,2] c",
                  "y = com.microsoft.GatherBlockQuantized<bits=4, block_size=32>(d, i, c)"),
            "float16[b, s, 64]");
  EXPECT_EQ(infer("int4[v,64] d, int64[b,s] i, float16[v,2] c",
                  "y = com.microsoft.GatherBlockQuantized<block_size=32>(d, i, c)"),
            "float16[b, s, 64]");
}

}  // namespace
}  // namespace acuate
