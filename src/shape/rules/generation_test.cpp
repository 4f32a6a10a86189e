#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(GenerationRules, ShapesComeFromAttributes) {
  EXPECT_EQ(infer("", "y = RandomNormal<shape=[2,3], dtype=11>()"), "float64[2, 3]");
  EXPECT_THAT(infer("", "y = RandomNormal<shape=[2,-3]>()"), HasSubstr("a negative dimension"));
  EXPECT_EQ(infer("float[n,c] x", "y = RandomUniformLike(x)"), "float32[n, c]");
  EXPECT_EQ(infer("float[n,c] x", "y = Multinomial<sample_size=5>(x)"), "int32[n, 5]");
  EXPECT_EQ(infer("float[n,c] x", "y = EyeLike<dtype=7>(x)"), "int64[n, c]");
  EXPECT_THAT(infer("float[n,c,h] x", "y = EyeLike(x)"), HasSubstr("rank 3, expected 2"));
}

TEST(GenerationRules, WindowsHaveTheSizeThatIsGiven) {
  EXPECT_EQ(infer("float[n] x", "s = Size(x)  y = HannWindow(s)"), "float32[n]");
  EXPECT_EQ(infer("int64 s", "y = BlackmanWindow<output_datatype=11>(s)"), "float64[?'y'.0]");
  EXPECT_EQ(infer("float[n] x", "s = Size(x)  y = com.microsoft.Range(a, s, b)", "y",
                  "int64 a = {1}, int64 b = {2}"),
            "int64[n//2]");
}

}  // namespace
}  // namespace acuate
