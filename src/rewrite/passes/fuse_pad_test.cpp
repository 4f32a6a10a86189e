#include <fmt/format.h>

#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

std::unique_ptr<Model> model_with(std::string_view pad, std::string_view reader) {
  return text_model(fmt::format(
      R"(g (float[1,2,8,8] x, float[2,2,3,3] w) => (float[] y) <int64[8] spatial = {{0, 0, 1, 0, 0, 0, 1, 2}}, int64[8] channels = {{0, 1, 0, 0, 0, 0, 0, 0}}, int64[8] crop = {{0, 0, 1, 0, 0, 0, -1, 0}}, int64[2] width = {{2, 1}}, int64[1] last = {{-1}}, float zero = {{0.0}}, float one = {{1.0}}, float low = {{-3.4028234663852886e38}}> {{
    p = {}  y = {} }})",
      pad, reader));
}

std::string miss(std::string_view pad, std::string_view reader) {
  auto model = model_with(pad, reader);
  const auto outcome = apply("fuse_pad", *model);
  EXPECT_EQ(outcome.applied, 0U);
  return outcome.misses.empty() ? "" : outcome.misses[0].reason;
}

TEST(FusePad, IntoAConvThatPadsItself) {
  auto model = model_with("Pad(x, spatial, zero)", "Conv<pads = [1, 1, 0, 0]>(p, w)");
  EXPECT_EQ(apply("fuse_pad", *model).applied, 1U);
  ASSERT_EQ(operators(*model), std::vector<std::string>{"Conv"});
  const Node& conv = *model->graph().first();
  EXPECT_EQ(conv.ints_attribute("pads"), (std::vector<int64_t>{2, 1, 1, 2}));
  EXPECT_EQ(conv.input(0)->name, "x");
  EXPECT_EQ(origins(conv), (std::vector<std::string>{"@y", "@p"}));
}

TEST(FusePad, ByNamedAxes) {
  auto model = model_with("Pad(x, width, , last)", "Conv<auto_pad = \"VALID\">(p, w)");
  model->set_opset("", 18);
  EXPECT_EQ(apply("fuse_pad", *model).applied, 1U);
  EXPECT_EQ(model->graph().first()->ints_attribute("pads"), (std::vector<int64_t>{0, 2, 0, 1}));
  EXPECT_EQ(model->graph().first()->attribute("auto_pad"), nullptr);
}

TEST(FusePad, AveragePoolCountsWhatWasThere) {
  auto model = model_with("Pad(x, spatial)", "AveragePool<kernel_shape = [3, 3]>(p)");
  EXPECT_EQ(apply("fuse_pad", *model).applied, 1U);
  EXPECT_EQ(model->graph().first()->int_attribute("count_include_pad", 0), 1);
}

TEST(FusePad, MaxPoolTakesTheLowest) {
  auto model = model_with("Pad(x, spatial, low)", "MaxPool<kernel_shape = [3, 3]>(p)");
  EXPECT_EQ(apply("fuse_pad", *model).applied, 1U);
  EXPECT_EQ(model->graph().first()->ints_attribute("pads"), (std::vector<int64_t>{1, 0, 1, 2}));
}

TEST(FusePad, WhatWouldChangeAnythingStays) {
  using testing::HasSubstr;
  EXPECT_THAT(miss("Pad(x, spatial, one)", "Conv(p, w)"), HasSubstr("another number than 0"));
  EXPECT_THAT(miss("Pad<mode = \"reflect\">(x, spatial)", "Conv(p, w)"), HasSubstr("reflect"));
  EXPECT_THAT(miss("Pad(x, channels)", "Conv(p, w)"), HasSubstr("channels"));
  EXPECT_THAT(miss("Pad(x, crop)", "Conv(p, w)"), HasSubstr("crops"));
  EXPECT_THAT(miss("Pad(x, spatial)", "Conv<auto_pad = \"SAME_UPPER\">(p, w)"),
              HasSubstr("SAME_UPPER"));
  EXPECT_THAT(miss("Pad(x, spatial)", "MaxPool<kernel_shape = [3, 3]>(p)"), HasSubstr("-inf"));
  EXPECT_THAT(miss("Pad(x, spatial)", "AveragePool<kernel_shape = [2, 2]>(p)"),
              HasSubstr("not smaller"));
  EXPECT_THAT(miss("Pad(x, spatial)", "AveragePool<kernel_shape = [4, 4], pads = [1, 1, 1, 1]>(p)"),
              HasSubstr("does not count"));
  EXPECT_THAT(miss("Pad(x, spatial)", "AveragePool<kernel_shape = [3, 3], ceil_mode = 1>(p)"),
              HasSubstr("ceil_mode"));
}

TEST(FusePad, AnotherReaderKeepsThePad) {
  auto model = text_model(
      R"(g (float[1,1,8,8] x) => (float[] y, float[] z) <float[1,1,1,1] w = {2.0}, int64[8] pads = {0, 0, 1, 0, 0, 0, 1, 2}> {
    p = Pad(x, pads)  y = Conv(p, w)  z = Relu(p) })");
  EXPECT_EQ(apply("fuse_pad", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Pad", "Conv", "Relu"}));
  EXPECT_EQ(model->graph().find("y")->producer->input(0)->name, "x");
}

}  // namespace
}  // namespace acuate
