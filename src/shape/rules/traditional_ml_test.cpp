#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(TraditionalMlRules, ResultsPerRow) {
  EXPECT_EQ(
      infer("float[n,4] x", "y = ai.onnx.ml.LinearRegressor<targets=3, coefficients=[1.0]>(x)"),
      "float32[n, 3]");
  EXPECT_EQ(infer("float[4] x", "y = ai.onnx.ml.SVMRegressor<kernel_type=\"LINEAR\">(x)"),
            "float32[1, 1]");
  EXPECT_EQ(infer("float[n,4] x", "y = ai.onnx.ml.TreeEnsembleRegressor<n_targets=2>(x)"),
            "float32[n, 2]");
  EXPECT_EQ(infer("float[n,4] x",
                  "y, s = ai.onnx.ml.TreeEnsembleClassifier<classlabels_int64s=[0,1,2]>(x)", "y s"),
            "int64[n]; float32[n, 3]");
  EXPECT_EQ(infer("float[n,4] x",
                  "y, s = ai.onnx.ml.LinearClassifier<classlabels_strings=[\"a\",\"b\"], "
                  "coefficients=[1.0]>(x)",
                  "y s"),
            "string[n]; float32[n, 2]");
  EXPECT_THAT(infer("float[1,2,3] x", "y = ai.onnx.ml.LinearRegressor<coefficients=[1.0]>(x)"),
              HasSubstr("rank 3, expected 1 to 2"));
}

TEST(TraditionalMlRules, Features) {
  EXPECT_EQ(infer("int64[n,4] x", "y = ai.onnx.ml.Scaler<offset=[0.0], scale=[1.0]>(x)"),
            "float32[n, 4]");
  EXPECT_EQ(infer("int64[n,4] x", "y = ai.onnx.ml.OneHotEncoder<cats_int64s=[1,2,3]>(x)"),
            "float32[n, 4, 3]");
  EXPECT_EQ(infer("float[n,2] x, float[n,3] z",
                  "y = ai.onnx.ml.FeatureVectorizer<inputdimensions=[2,3]>(x, z)"),
            "float32[n, 5]");
  EXPECT_EQ(infer("float[n,8] x, int64[2] i", "y = ai.onnx.ml.ArrayFeatureExtractor(x, i)"),
            "float32[n, 2]");
}

}  // namespace
}  // namespace acuate
