#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(RecurrentRules, DirectionsAndLayout) {
  EXPECT_EQ(infer("float[s,b,8] x, float[1,64,8] w, float[1,64,16] r",
                  "y, h, c = LSTM<hidden_size=16>(x, w, r)", "y h c"),
            "float32[s, 1, b, 16]; float32[1, b, 16]; float32[1, b, 16]");
  EXPECT_EQ(infer("float[b,s,8] x, float[2,48,8] w, float[2,48,16] r",
                  "y, h = GRU<direction=\"bidirectional\", layout=1>(x, w, r)", "y h"),
            "float32[b, s, 2, 16]; float32[b, 2, 16]");
  EXPECT_EQ(infer("float[s,b,8] x, float[1,16,8] w, float[1,16,16] r", "\"\", y = RNN(x, w, r)"),
            "float32[1, b, 16]");
}

TEST(RecurrentRules, WeightsMustFit) {
  EXPECT_THAT(infer("float[s,b,8] x, float[1,64,9] w, float[1,64,16] r", "y = LSTM(x, w, r)"),
              HasSubstr("columns of W against the input's size: 9, expected 8"));
  EXPECT_THAT(infer("float[s,b,8] x, float[1,64,8] w, float[1,64,16] r",
                    "y = LSTM<direction=\"bidirectional\">(x, w, r)"),
              HasSubstr("directions of input 1 against 'bidirectional': 1, expected 2"));
  EXPECT_THAT(infer("float[s,b,8] x, float[1,64,8] w, float[1,64,16] r",
                    "y = LSTM<hidden_size=12>(x, w, r)"),
              HasSubstr("columns of R against hidden_size: 16, expected 12"));
}

}  // namespace
}  // namespace acuate
