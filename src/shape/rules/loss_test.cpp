#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(LossRules, ReducedOrPerLabel) {
  EXPECT_EQ(infer("float[n,c,h] x, int64[n,h] t", "y = NegativeLogLikelihoodLoss(x, t)"),
            "float32[]");
  EXPECT_EQ(infer("float[n,c,h] x, int64[n,h] t",
                  "y, l = SoftmaxCrossEntropyLoss<reduction=\"none\">(x, t)", "y l"),
            "float32[n, h]; float32[n, c, h]");
  EXPECT_THAT(infer("float[2,3,4] x, int64[2,5] t", "y = NegativeLogLikelihoodLoss(x, t)"),
              HasSubstr("dimension 1 of the labels against the scores: 5, expected 4"));
  EXPECT_THAT(infer("float[2,3,4] x, int64[2] t", "y = NegativeLogLikelihoodLoss(x, t)"),
              HasSubstr("its scores have rank 3, its labels 1, expected 2"));
}

}  // namespace
}  // namespace acuate
