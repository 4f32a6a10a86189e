#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(ReductionRules, AxesAsAttributeAndAsInput) {
  EXPECT_EQ(infer("float[n,c,h,w] x", "y = ReduceMean<axes=[2,-1]>(x)"), "float32[n, c, 1, 1]");
  EXPECT_EQ(infer("float[n,c,h,w] x", "y = ReduceMean<axes=[2,-1], keepdims=0>(x)"),
            "float32[n, c]");
  EXPECT_EQ(infer("float[n,c] x", "y = ReduceSum<keepdims=0>(x, a)", "y", "int64[1] a = {1}"),
            "float32[n]");
  EXPECT_EQ(infer("float[n,c] x", "y = ReduceL2(x)"), "float32[1, 1]");
  EXPECT_EQ(infer("float[n,c] x", "y = ReduceMax<noop_with_empty_axes=1>(x)", "y", "", 18),
            "float32[n, c]");
  EXPECT_EQ(infer("float[n,1,c] x, int64[1] a", "y = ReduceSum(x, a)"),
            "float32[?'y'.0, 1, ?'y'.2]");
  EXPECT_EQ(infer("float[n,1,c] x, int64[1] a", "y = ReduceSum<keepdims=0>(x, a)"),
            "float32[?'y'.0, ?'y'.1]");
  EXPECT_THAT(infer("float[2,3] x", "y = ReduceMean<axes=[2]>(x)"),
              HasSubstr("axis 2 lies outside of rank 2"));
  EXPECT_THAT(infer("float[2,3] x", "y = ReduceMean<axes=[1,-1]>(x)"),
              HasSubstr("axis 1 is given twice"));
}

TEST(ReductionRules, DataOfSmallIntegerTensors) {
  EXPECT_EQ(infer("float[h,w,3] x", "s = Shape(x)  y = ReduceProd<keepdims=0>(s)"),
            "int64[] = (3*h*w)");
  EXPECT_EQ(infer("float[h,4] x", "s = Shape(x)  y = ReduceMax(s)"), "int64[1] = (max(4, h))");
  EXPECT_EQ(infer("", "y = ReduceSum<keepdims=0>(d, a)", "y",
                  "int64[2,3] d = {1, 2, 3, 4, 5, 6}, int64[1] a = {0}"),
            "int64[3] = (5, 7, 9)");
}

TEST(ReductionRules, IndicesOfTheLargest) {
  EXPECT_EQ(infer("float[n,c,h] x", "y = ArgMax<axis=1, keepdims=0>(x)"), "int64[n, h]");
  EXPECT_EQ(infer("float[n,c,h] x", "y = ArgMin(x)"), "int64[1, c, h]");
  EXPECT_THAT(infer("float[2] x", "y = ArgMax<axis=1>(x)"), HasSubstr("axis 1 lies outside"));
}

TEST(ReductionRules, RunningSumsKeepTheShape) {
  EXPECT_EQ(infer("float[n,c] x, int64 a", "y = CumSum(x, a)"), "float32[n, c]");
  EXPECT_THAT(infer("float[2] x", "y = CumSum(x, a)", "y", "int64 a = {1}"),
              HasSubstr("axis 1 lies outside"));
}

}  // namespace
}  // namespace acuate
