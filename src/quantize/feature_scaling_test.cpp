#include "quantize/feature_scaling.h"

#include "graph/verify.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

constexpr const char* kWeights =
    R"(float[3] s = {1.0, 2.0, -1.0}, float[3] b = {0.5, 0.0, 0.25},
    float[3,2] w = {1.0, -2.0, 0.5, 1.0, 0.25, 3.0}, float[2,3] v = {1.0, -2.0, 0.5, 1.0, 0.25, 3.0})";

std::string net(const std::string& outputs, const std::string& nodes,
                const std::string& more = "") {
  return "net (float[2,4,3] x) => (" + outputs + ") <" + kWeights + more + "> { " + nodes + " }";
}

// The network computes the same with the region of `tensor` scaled; returns what was scaled.
std::vector<std::string> scaled(const std::string& graph, const std::string& tensor) {
  auto model = typed_model(graph);
  const auto inputs = *noise_samples({2, 4, 3})(1);
  const auto expected = run_model(*model, inputs);
  const auto region = find_feature_scaling(*model->graph().find(tensor));
  if (!region) return {};
  EXPECT_EQ(region->features, 3U);
  const std::vector<float> factors = {4, 0.5F, 3};
  auto done = apply_feature_scaling(*region, factors);
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  EXPECT_TRUE(verify(*model).empty());
  const auto results = run_model(*model, inputs);
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_LT(relative_noise(expected[i], results[i]), 1e-12);
  std::vector<std::string> names;
  for (const Value* value : model->graph().values())
    if (value->name.ends_with("_scaled")) names.emplace_back(value->name);
  std::sort(names.begin(), names.end());
  return names;
}

TEST(FeatureScaling, BehindANormalization) {
  EXPECT_THAT(
      scaled(net("float[2,4,2] y", "n = LayerNormalization(x, s, b)  y = MatMul(n, w)"), "n"),
      testing::ElementsAre("n_scaled"));
  EXPECT_THAT(scaled(net("float[2,4,2] y", "n = LayerNormalization(x, s)  y = MatMul(n, w)"), "n"),
              testing::ElementsAre("n_scaled"));
}

TEST(FeatureScaling, BehindANormalizationThatIsWrittenOut) {
  EXPECT_THAT(
      scaled(net("float[2,4,2] y", "a = Tanh(x)  m = Mul(s, a)  n = Add(m, b)  y = MatMul(n, w)"),
             "n"),
      testing::ElementsAre("m_scaled", "n_scaled"));
  EXPECT_THAT(scaled(net("float[2,4,2] y", "a = Tanh(x)  n = Mul(a, s)  y = MatMul(n, w)"), "n"),
              testing::ElementsAre("n_scaled"));
}

// Simplification merges equal constants: others keep theirs as it was.
TEST(FeatureScaling, SharedConstants) {
  EXPECT_THAT(scaled(net("float[2,4,2] y, float[2,4,3] z",
                         "n = LayerNormalization(x, s, s)  y = MatMul(n, w)  z = Mul(x, s)"),
                     "n"),
              testing::ElementsAre("n_scaled"));
}

// As exporters write multi-head attention and classifiers.
TEST(FeatureScaling, ThroughRearrangementsToSeveralProducts) {
  EXPECT_THAT(scaled(net("float[8,2] y, float[4,2,2] z",
                         "n = LayerNormalization(x, s, b)  t = Transpose <perm = [1, 0, 2]> (n)"
                         "  r = Reshape(n, rows)  y = Gemm <transB = 1> (r, v)  z = MatMul(t, w)",
                         ", int64[2] rows = {-1, 3}"),
                     "t"),
              testing::ElementsAre("n_scaled", "r_scaled", "t_scaled"));
}

TEST(FeatureScaling, OtherReadersGetTheValueAsItWas) {
  EXPECT_THAT(scaled(net("float[2,4,2] y, float[2,4,3] z",
                         "n = LayerNormalization(x, s, b)  y = MatMul(n, w)  z = Add(n, x)"),
                     "n"),
              testing::ElementsAre("n_scaled"));
}

TEST(FeatureScaling, NothingWhereFactorsWouldNotPass) {
  for (const char* nodes :
       {"n = Tanh(x)  y = MatMul(n, w)",                      // no constants to take them
        "y = LayerNormalization(x, s, b)  z = MatMul(y, w)",  // an output
        "n = LayerNormalization(x, s, b)  y = Relu(n)",       // no product
        "n = LayerNormalization(x, s, b)  t = Transpose <perm = [0, 2, 1]> (n)  u = MatMul(w, w2)  "
        "y = Relu(t)",
        "n = LayerNormalization(x, s, b)  y = MatMul(n, w)  z = MatMul(x, w)"}) {  // shared weights
    auto model = typed_model(net("float[2,4,2] y", nodes, ", float[2,3] w2 = {1, 2, 3, 4, 5, 6}"));
    Value* tensor = model->graph().find("n");
    EXPECT_FALSE(find_feature_scaling(tensor != nullptr ? *tensor : *model->graph().find("y")))
        << nodes;
  }
}

}  // namespace
}  // namespace acuate
