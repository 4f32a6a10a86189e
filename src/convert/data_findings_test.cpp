#include "convert/data_findings.h"

#include <cmath>
#include <random>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/npy.h"
#include "diagnose/diagnose.h"
#include "onnx_io/text_form.h"
#include "shape/infer.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::unique_ptr<Model> text_model(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return std::move(*model);
}

class DataFindings : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("data_findings_" +
               std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  // What `diagnose --data` tells of samples made by `value_at(sample, channel, random number)`.
  template <class ValueAt>
  std::vector<Finding> findings(const std::string& graph, Shape shape, ValueAt value_at) {
    const size_t count = static_cast<size_t>(shape[0]);
    Tensor samples = Tensor::allocate(ElementType::Float, shape);
    const auto values = samples.mutable_values<float>();
    const size_t each = values.size() / count;
    const size_t plane = shape.size() == 4 ? static_cast<size_t>(shape[2] * shape[3]) : 1;
    std::mt19937 random(3);
    std::uniform_real_distribution<float> uniform(0, 1);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = value_at(i / each, i % each / plane, uniform(random));
    EXPECT_TRUE(write_npy(folder_ / "x.npy", samples));
    ConvertOptions options;
    options.data = folder_ / "x.npy";
    auto opened = open_samples(options);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    const auto model = text_model(graph);
    const Target engine = *resolve_target("onnxruntime");
    auto told = diagnose(*model, engine);
    EXPECT_TRUE(told) << (told ? "" : told.error().message);
    const auto done = tell_data(*model, options, engine, std::move(*opened), *told);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    return std::move(*told);
  }
  static std::vector<Finding> of_id(const std::vector<Finding>& all, std::string_view id) {
    std::vector<Finding> out;
    std::copy_if(all.begin(), all.end(), std::back_inserter(out),
                 [&](const Finding& finding) { return finding.id == id; });
    return out;
  }

  fs::path folder_;
};

constexpr const char* kRelu = "g (float[1,2000] x) => (float[1,2000] y) { [relu] y = Relu(x) }";

TEST_F(DataFindings, OutliersAreTold) {
  const auto found = findings(kRelu, {16, 2000}, [](size_t sample, size_t channel, float x) {
    return sample == 3 && channel == 7 ? 500.0F : x;
  });
  const auto outliers = of_id(found, "activation_outliers");
  ASSERT_EQ(outliers.size(), 2U);  // of the input and of the Relu
  EXPECT_THAT(outliers[1].nodes, ElementsAre("relu"));
  EXPECT_EQ(outliers[1].stage, "calibrate");
  EXPECT_THAT(outliers[1].evidence, HasSubstr("'y' reaches 500, while 99.99 %"));
  EXPECT_THAT(of_id(findings(kRelu, {16, 2000}, [](size_t, size_t, float x) { return x; }),
                    "activation_outliers"),
              IsEmpty());
}

TEST_F(DataFindings, ASmallOrUnsettledSetIsTold) {
  const auto steady = [](size_t, size_t, float x) { return x; };
  const auto few = of_id(findings(kRelu, {4, 2000}, steady), "calibration_unsettled");
  ASSERT_EQ(few.size(), 1U);
  EXPECT_THAT(few[0].cause, HasSubstr("too small"));
  EXPECT_THAT(few[0].evidence, HasSubstr("3 samples"));  // the fourth is held out
  EXPECT_THAT(of_id(findings(kRelu, {32, 2000}, steady), "calibration_unsettled"), IsEmpty());
  const auto growing = [](size_t sample, size_t, float x) {
    return x * std::pow(2.0F, static_cast<float>(sample));
  };
  const auto moving = of_id(findings(kRelu, {32, 2000}, growing), "calibration_unsettled");
  ASSERT_EQ(moving.size(), 1U);
  EXPECT_THAT(moving[0].cause, HasSubstr("still grow"));
}

TEST_F(DataFindings, SamplesThatAreAllAlikeAreTold) {
  const auto alike = of_id(
      findings(kRelu, {32, 2000},
               [](size_t, size_t channel, float) { return static_cast<float>(channel % 7) - 3; }),
      "calibration_unsettled");
  ASSERT_EQ(alike.size(), 1U);
  EXPECT_THAT(alike[0].cause, HasSubstr("all alike"));
}

TEST_F(DataFindings, WhatIsNotFiniteNamesTheFirst) {
  const auto all = of_id(
      findings("g (float[1,4] x) => (float[1,4] y) { [log] a = Log(x) [neg] y = Neg(a) }", {12, 4},
               [](size_t, size_t channel, float x) { return channel == 0 ? 0.0F : x + 1; }),
      "not_finite");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_THAT(all[0].nodes, ElementsAre("log"));
  EXPECT_THAT(all[0].evidence, HasSubstr("9 infinite of 36 values"));
}

// Boxes come out of a matrix product, so that only data tell how large they are.
TEST_F(DataFindings, MeasuredRangesMix) {
  const auto net = [](const std::string& scale) {
    std::string weights;
    for (int i = 0; i < 16; ++i) weights += (i == 0 ? "" : ",") + (i % 5 == 0 ? scale : "0");
    return "g (float[1,2,4] x) => (float[1,2,4] y) <float[4,4] w = {" + weights + R"(}> {
      b = MatMul(x, w)
      m = ReduceMean <axes = [1]> (b)
      t = ReduceMax <axes = [1]> (x)
      [join] y = Concat <axis = 1> (m, t)
    })";
  };
  const auto uniform = [](size_t, size_t, float x) { return x; };
  const auto mixed = of_id(findings(net("900"), {32, 2, 4}, uniform), "mixed_ranges");
  ASSERT_EQ(mixed.size(), 1U);
  EXPECT_THAT(mixed[0].nodes, ElementsAre("join"));
  EXPECT_THAT(mixed[0].evidence, HasSubstr("measured: 'm'"));
  EXPECT_THAT(mixed[0].fix, ElementsAre("cut-at m t"));
  EXPECT_THAT(of_id(findings(net("9"), {32, 2, 4}, uniform), "mixed_ranges"), IsEmpty());
}

// What the operators imply and what the data show is one finding.
TEST_F(DataFindings, MeasuredRangesJoinImpliedOnes) {
  const auto mixed = of_id(findings(R"(g (float[1,2,4] x) => (float[1,4,4] y) <float size = {640}> {
      s = Sigmoid(x)
      b = Mul(s, size)
      [join] y = Concat <axis = 1> (b, s)
    })",
                                    {32, 2, 4}, [](size_t, size_t, float x) { return x; }),
                           "mixed_ranges");
  ASSERT_EQ(mixed.size(), 1U);
  EXPECT_THAT(mixed[0].evidence, HasSubstr("'b' has values from 0 to 640, 's' from 0 to 1"));
  EXPECT_THAT(mixed[0].evidence, HasSubstr("; measured: 'b' has values from 32"));
  EXPECT_THAT(mixed[0].fix, ElementsAre("cut-at s b"));
}

// As a calibration of `samples` samples with `values` values of each tensor leaves it.
Quantized ranged_by(const std::string& method, size_t tensors, size_t samples, size_t values) {
  Quantized quantized;
  for (size_t i = 0; i < tensors; ++i) {
    TensorEncoding encoding;
    encoding.tensor = "t" + std::to_string(i);
    encoding.range_method = method;
    Histogram& histogram = quantized.calibration.histograms[encoding.tensor];
    histogram.add(std::vector<float>(values, 1.0F));
    quantized.encodings.tensors.push_back(std::move(encoding));
  }
  quantized.calibration.samples = samples;
  return quantized;
}

std::vector<Finding> needs_of(const Quantized& quantized) {
  std::vector<Finding> told;
  tell_range_needs(quantized, told);
  return told;
}

TEST(RangeNeeds, ASetThatIsTooSmallForTheMethodIsTold) {
  const auto percentile = needs_of(ranged_by("percentile:99.99", 4, 8, 800));
  ASSERT_EQ(percentile.size(), 1U);
  EXPECT_EQ(percentile[0].id, "calibration_too_small");
  EXPECT_THAT(percentile[0].cause, HasSubstr("too small for the range method percentile:99.99"));
  EXPECT_THAT(percentile[0].evidence, HasSubstr("8 samples, and percentile:99.99 needs 100: "));
  EXPECT_THAT(percentile[0].evidence,
              HasSubstr("4 of 4 tensors have fewer than 10000 values, as 't3' with 800"));
  const auto average = needs_of(ranged_by("average", 1, 1, 1'000'000));
  ASSERT_EQ(average.size(), 1U);
  EXPECT_THAT(average[0].evidence, HasSubstr("1 sample, and average needs 70: "));
  EXPECT_EQ(needs_of(ranged_by("entropy", 2, 10, 2559)).size(), 1U);
  EXPECT_EQ(needs_of(ranged_by("acuity-kl:11", 2, 10, 2047)).size(), 1U);
  EXPECT_EQ(needs_of(ranged_by("sqnr-output", 2, 7, 9999)).size(), 1U);
}

TEST(RangeNeeds, WhatIsEnoughForTheMethodIsNotTold) {
  for (const auto& [method, samples, values] : {std::tuple{"percentile:99.99", 8, 10'000},
                                                {"percentile:99", 8, 100},
                                                {"average", 70, 1},
                                                {"average:0.5", 2, 1},
                                                {"average:1", 2, 1},
                                                {"entropy", 1, 2560},
                                                {"acuity-kl", 1, 4096},
                                                {"sqnr-output", 8, 1},
                                                {"mse", 1, 1},
                                                {"minmax", 1, 1},
                                                {"", 1, 1},
                                                {"percentile:100", 1, 1}})
    EXPECT_THAT(
        needs_of(ranged_by(method, 4, static_cast<size_t>(samples), static_cast<size_t>(values))),
        IsEmpty())
        << method;
}

// Behind a global pooling a tensor has a value for each channel, in any network.
TEST(RangeNeeds, AFewTinyTensorsAreNotTold) {
  Quantized quantized = ranged_by("percentile", 5, 8, 20'000);
  Histogram tiny;
  tiny.add(std::vector<float>(8, 1.0F));
  quantized.calibration.histograms["t0"] = tiny;
  EXPECT_THAT(needs_of(quantized), IsEmpty());
  quantized.calibration.histograms["t1"] = tiny;
  EXPECT_EQ(needs_of(quantized).size(), 1U);
}

// A convolution whose batch normalization was trained on inputs of unit variance.
constexpr const char* kNormalized = R"(g (float[1,3,8,8] x) => (float[1,2,8,8] y)
    <float[2,3,1,1] w = {1, 0, 0, 0, 1, 0}, float[2] one = {1, 1}, float[2] zero = {0, 0}> {
  [first] c = Conv(x, w)
  n = BatchNormalization(c, one, zero, zero, one)
  y = Relu(n)
})";

TEST_F(DataFindings, AnotherScaleThanInTrainingIsTold) {
  const auto pixels =
      of_id(findings(kNormalized, {12, 3, 8, 8}, [](size_t, size_t, float x) { return 255 * x; }),
            "normalisation");
  ASSERT_EQ(pixels.size(), 1U);
  EXPECT_THAT(pixels[0].nodes, ElementsAre("first"));
  EXPECT_THAT(pixels[0].evidence, HasSubstr("where training had 1 (medians of 2 channels"));
  EXPECT_THAT(of_id(findings(kNormalized, {12, 3, 8, 8},
                             [](size_t, size_t, float x) { return (x - 0.5F) / 0.289F; }),
                    "normalisation"),
              IsEmpty());
}

// Class 0 is red; nothing speaks for the others.
constexpr const char* kColours = R"(g (float[1,3,8,8] x) => (float[1,3] y)
    <float[3,3,1,1] w = {9, 0, 0, 0, 0, 0, 0, 0, 0}> {
  c = Conv(x, w)
  p = GlobalAveragePool(c)
  f = Flatten(p)
  y = Softmax(f)
})";

TEST_F(DataFindings, ReversedChannelsAreSuggested) {
  const auto with_most_in = [](size_t channel) {
    return [channel](size_t, size_t at, float x) { return at == channel ? 0.5F + x / 2 : x / 4; };
  };
  const auto reversed = of_id(findings(kColours, {12, 3, 8, 8}, with_most_in(2)), "channel_order");
  ASSERT_EQ(reversed.size(), 1U);
  EXPECT_THAT(reversed[0].nodes, ElementsAre("x"));
  EXPECT_THAT(reversed[0].evidence, HasSubstr("on 9 of 9 samples"));
  EXPECT_THAT(reversed[0].evidence, HasSubstr("does not prove"));
  EXPECT_THAT(of_id(findings(kColours, {12, 3, 8, 8}, with_most_in(0)), "channel_order"),
              IsEmpty());
}

// Statements about data that are no image in colours would be about nothing.
TEST_F(DataFindings, OtherInputsAreNotProbed) {
  const auto found = findings("g (float[1,4] x) => (float[1,4] y) { y = Softmax(x) }", {12, 4},
                              [](size_t, size_t, float x) { return 200 * x; });
  EXPECT_THAT(of_id(found, "channel_order"), IsEmpty());
  EXPECT_THAT(of_id(found, "normalisation"), IsEmpty());
}

}  // namespace
}  // namespace acuate
