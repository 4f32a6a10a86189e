#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(SignalRules, FourierTransforms) {
  EXPECT_EQ(infer("float[b,n,1] x", "y = DFT<onesided=1>(x)"), "float32[b, n//2 + 1, 2]");
  EXPECT_EQ(infer("float[b,n,m,1] x", "y = DFT(x, l, a)", "y", "int64 l = {16}, int64 a = {1}", 20),
            "float32[b, 16, m, 2]");
  EXPECT_EQ(infer("float[b,n,2] x", "y = DFT<onesided=1, inverse=1>(x)", "y", "", 20),
            "float32[b, 2*n - 2, 1]");
  EXPECT_THAT(infer("float[1,8,1] x", "y = DFT<axis=2>(x)"), HasSubstr("its axis is the last one"));
  EXPECT_EQ(infer("float[b,n] x", "z = com.microsoft.Rfft(x)  y = com.microsoft.Irfft(z)", "z y"),
            "float32[b, n//2 + 1, 2]; float32[b, 2*(n//2)]");
}

TEST(SignalRules, Frames) {
  EXPECT_EQ(infer("float[b,n,1] x", "y = STFT(x, s, , l)", "y", "int64 s = {8}, int64 l = {16}"),
            "float32[b, n//8 - 1, 9, 2]");
  EXPECT_EQ(
      infer("float[b,n,1] x, float[w] k", "y = STFT<onesided=0>(x, s, k)", "y", "int64 s = {8}"),
      "float32[b, (n + 7*w)//8 - w + 1, w, 2]");
  EXPECT_THAT(infer("float[b,n,1] x", "y = STFT(x, s, , l)", "y", "int64 s = {0}, int64 l = {16}"),
              HasSubstr("its step is 0, expected at least 1"));
  EXPECT_EQ(infer("float[b,n] x, int64 r, float l",
                  "s = Size(x)  y = MelWeightMatrix(m, s, r, l, l)", "y", "int64 m = {8}"),
            "float32[(b*n)//2 + 1, 8]");
}

}  // namespace
}  // namespace acuate
