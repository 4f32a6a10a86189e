#include "quantize/quantize.h"
#include "quantize/test_support.h"
#include "targets/stand_in.h"

namespace acuate {
namespace {

// One convolution computes two boxes of hundreds and two scores of a few units.
std::string detector(const std::string& layer, const std::string& behind) {
  return R"(net (float[1,3,8,8] x) => (float[1,2,8,8] boxes, float[1,2,8,8] scores) <
    float[4,3,1,1] w = {-60.0, -510.0, 90.0, 150.0, -970.0, -570.0, -0.44, 0.83, 0.53, -0.68, 0.59, -0.72},
    float[4] b = {320.0, 240.0, -0.5, 0.25},
    int64[1] zero = {0}, int64[1] two = {2}, int64[1] end = {2147483647}, int64[1] axis = {1}> {
    )" + layer +
         "\n" + behind + " }";
}
const std::string kConv = R"(["head"] h = Conv(x, w, b))";
const std::string kSlices = R"(boxes = Slice(h, zero, two, axis)  s = Slice(h, two, end, axis)
    scores = Sigmoid(s))";
const std::string kSplit = R"(boxes, s = Split <axis = 1> (h)  scores = Sigmoid(s))";

Result<Quantized> quantized_with(const Model& model, std::optional<std::vector<std::string>> ids,
                                 const char* target = "vsi_npu") {
  QuantizeOptions options;
  options.range = "mse";
  options.recover = std::move(ids);
  return quantize_model(model, *with_engine(*targets().lookup(target)), 4,
                        noise_samples({1, 3, 8, 8}), options);
}

TEST(SplitSlicedLayers, EachPartHasItsOwnGrid) {
  const auto inputs = *noise_samples({1, 3, 8, 8})(9);
  for (const std::string& behind : {kSlices, kSplit}) {
    auto model = typed_model(detector(kConv, behind));
    auto plain = quantized_with(*model, std::vector<std::string>());
    auto split = quantized_with(*model, {{"split-sliced-layers"}});
    ASSERT_TRUE(plain && split) << plain.error().message << split.error().message;
    ASSERT_EQ(split->recovery.size(), 1U);
    EXPECT_EQ(split->recovery[0].places, 1U);
    EXPECT_EQ(split->encodings.find("h"), nullptr);
    ASSERT_NE(split->encodings.find("s"), nullptr);
    EXPECT_LT(split->encodings.find("s")->quantization.scale[0], 0.02F);
    EXPECT_EQ(split->anchors, (std::vector<std::string>{"boxes", "s"}));
    const auto exact = run_model(*model, inputs);
    const auto before = run_model(*plain->model, inputs), after = run_model(*split->model, inputs);
    EXPECT_GT(relative_noise(exact[1], before[1]), 0.05);
    EXPECT_LT(relative_noise(exact[1], after[1]), 1e-3);
    EXPECT_LT(relative_noise(exact[0], after[0]), 1e-3);
    EXPECT_EQ(relative_noise(exact[0], run_model(*split->float_model, inputs)[0]), 0);
    EXPECT_EQ(relative_noise(exact[1], run_model(*split->float_model, inputs)[1]), 0);
  }
}

TEST(SplitSlicedLayers, IsChosenByWhatItGains) {
  auto model = typed_model(detector(kConv, kSlices));
  auto quantized = quantized_with(*model, {});
  ASSERT_TRUE(quantized) << quantized.error().message;
  bool found = false;
  for (const RecoveryOutcome& outcome : quantized->recovery)
    if (outcome.id == "split_sliced_layers") {
      found = true;
      EXPECT_TRUE(outcome.used);
      EXPECT_GT(outcome.gain_db.value_or(0), 10);
    }
  EXPECT_TRUE(found);
}

TEST(SplitSlicedLayers, EncodingsSayIt) {
  auto model = typed_model(detector(kConv, kSplit));
  auto split = quantized_with(*model, {{"split-sliced-layers"}});
  ASSERT_TRUE(split) << split.error().message;
  const Target target = *with_engine(*targets().lookup("vsi_npu"));
  auto again = apply_encodings(*model, target, split->encodings, split->changes, 0, {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*model_bytes(*again->model), *model_bytes(*split->model));
  GraphChanges wrong = split->changes;
  wrong.split_layers[0].tensor = "scores";
  const auto refused = apply_encodings(*model, target, split->encodings, wrong, 0, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              testing::HasSubstr("split_layers: 'scores': it is not made"));
}

TEST(SplitSlicedLayers, MatrixProductsToo) {
  for (const char* layer : {"h = MatMul(x, w)", "h = Gemm(x, w, b)"}) {
    auto model =
        typed_model(std::string(R"(net (float[6,3] x) => (float[6,2] boxes, float[6,2] scores) <
      float[3,4] w = {-60.0, -510.0, 0.9, 1.5, -970.0, -570.0, -0.44, 0.83, 53.0, -680.0, 0.59, -0.72},
      float[4] b = {320.0, 240.0, -0.5, 0.25}> { )") +
                    layer + "  boxes, s = Split <axis = 1> (h)  scores = Sigmoid(s) }");
    QuantizeOptions options;
    options.recover = std::vector<std::string>{"split-sliced-layers"};
    const SampleLoader load = noise_samples({6, 3});
    auto split = quantize_model(*model, runtime(), 4, load, options);
    ASSERT_TRUE(split) << split.error().message;
    EXPECT_EQ(split->recovery[0].places, 1U) << layer;
    const auto exact = run_model(*model, *load(9)), same = run_model(*split->float_model, *load(9));
    EXPECT_LT(relative_noise(exact[0], same[0]), 1e-12) << layer;
    EXPECT_LT(relative_noise(exact[1], same[1]), 1e-12) << layer;
  }
}

TEST(SplitSlicedLayers, LeavesWhatIsReadWholeOrDoesNotMix) {
  const std::vector<std::string> nets = {
      // Read whole beside.
      detector(kConv, "boxes, s = Split <axis = 1> (h)  r = ReduceMax(h)  scores = Mul(s, r)"),
      // Sliced along another axis beside.
      detector(kConv, kSplit + "  rows = Slice(h, zero, two, two)"),
      // Both of one range.
      R"(net (float[1,3,8,8] x) => (float[1,2,8,8] a, float[1,2,8,8] b) <
        float[4,3,1,1] w = {-0.6, -0.51, 0.9, 0.15, -0.97, -0.57, -0.44, 0.83, 0.53, -0.68, 0.59, -0.72}> {
        h = Conv(x, w)  a, b = Split <axis = 1> (h) })"};
  for (const std::string& net : nets) {
    auto model = typed_model(net);
    auto split = quantized_with(*model, {{"split-sliced-layers"}}, "onnxruntime");
    ASSERT_TRUE(split) << split.error().message << net;
    EXPECT_EQ(split->recovery[0].places, 0U) << net;
  }
}

}  // namespace
}  // namespace acuate
