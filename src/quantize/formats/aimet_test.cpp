#include "quantize/encoding_format.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

std::unique_ptr<Model> net() {
  return typed_model(R"(net (float[1,2,4,4] x) => (float[1,2,4,4] y) <
      float[2,2,1,1] w = {1.0, 0.5, -0.25, 2.0}> { c = Conv(x, w)  y = Relu(c) })");
}

Result<ImportedEncodings> read(const std::string& text) {
  return read_encodings(text, "a.encodings", *net());
}

// As AIMET's documentation describes version 1.0.0.
constexpr const char* kNew = R"({"version": "1.0.0", "activation_encodings": [
    {"name": "x", "dtype": "INT", "enc_type": "PER_TENSOR", "bw": 8, "is_sym": false, "scale": [0.1], "offset": [-30.0]},
    {"name": "y", "dtype": "INT", "enc_type": "PER_TENSOR", "bw": 16, "is_sym": true, "scale": [0.01], "offset": [-32768]},
    {"name": "c", "dtype": "FLOAT", "bw": 16},
    {"name": "ghost", "dtype": "INT", "bw": 8, "scale": [0.1], "offset": [0]}],
  "param_encodings": [
    {"name": "w", "dtype": "INT", "enc_type": "PER_CHANNEL", "bw": 8, "is_sym": true, "scale": [0.5, 0.25],
     "offset": [-128, -128]}]})";

// And version 0.6: a list for each tensor.
constexpr const char* kOld = R"({"version": "0.6.1", "activation_encodings": {
    "x": [{"bitwidth": 8, "dtype": "int", "is_symmetric": "False", "min": -3.0, "max": 22.5, "offset": -30, "scale": 0.1}],
    "y": [{"bitwidth": 16, "dtype": "int", "is_symmetric": "True", "min": -327.68, "max": 327.67, "offset": -32768, "scale": 0.01}]},
  "param_encodings": {"w": [
    {"bitwidth": 8, "dtype": "int", "is_symmetric": "True", "offset": -128, "scale": 0.5},
    {"bitwidth": 8, "dtype": "int", "is_symmetric": "True", "offset": -128, "scale": 0.25}]}})";

TEST(AimetFormat, BothVersionsSayTheSame) {
  const auto now = read(kNew), old = read(kOld);
  ASSERT_TRUE(now && old) << now.error().message;
  EXPECT_EQ(now->encodings, old->encodings);
  const Quantization& x = now->encodings.find("x")->quantization;
  EXPECT_EQ(x.scheme, "u8");
  EXPECT_EQ(x.zero_point, std::vector<int32_t>{30});
  EXPECT_NEAR(now->encodings.find("x")->range_max, 22.5, 1e-5);
  EXPECT_EQ(now->encodings.find("y")->quantization.scheme, "s16");
  const Quantization& w = now->encodings.find("w")->quantization;
  EXPECT_EQ(w.scheme, "s8");
  EXPECT_EQ(w.per_channel_axis, 0);
  EXPECT_EQ(w.scale, (std::vector<float>{0.5F, 0.25F}));
  EXPECT_TRUE(old->left_out.empty());
  ASSERT_EQ(now->left_out.size(), 2U);
  EXPECT_EQ(now->left_out[0], (std::pair<std::string, std::string>{"c", "it stays in float"}));
  EXPECT_EQ(now->left_out[1].first, "ghost");
}

TEST(AimetFormat, ReadsWhatItWrites) {
  auto read_back = read(kNew);
  const EncodingFormat& format = *encoding_formats().lookup("aimet");
  auto model = net();
  const auto text = format.write(*read_back, *model);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(read(*text)->encodings, read_back->encodings);
  read_back->changes.biases = {{"n", {1}}};
  EXPECT_THAT(format.write(*read_back, *model).error().message, HasSubstr("--recover none"));
}

TEST(AimetFormat, WhatCannotBeAppliedIsLeftOutOrRefused) {
  EXPECT_THAT(
      read(R"({"activation_encodings": [{"name": "ghost", "bw": 8, "scale": [1], "offset": [0]}]})")
          .error()
          .message,
      HasSubstr("'ghost': the model has no such tensor"));
  const auto odd = read(R"({"activation_encodings": [
      {"name": "x", "bw": 8, "scale": [1], "offset": [0]},
      {"name": "c", "bw": 4, "scale": [1], "offset": [0]},
      {"name": "y", "bw": 8, "scale": [1, 2], "offset": [0, 0]},
      {"name": "w", "bw": 8, "scale": [1, 2, 3], "offset": [0, 0, 0]},
      {"name": "x", "bw": 8, "scale": [1], "offset": [0]},
      {"name": "d", "bw": 8, "scale": [-1], "offset": [0.5]}]})");
  ASSERT_TRUE(odd) << odd.error().message;
  EXPECT_EQ(odd->encodings.tensors.size(), 1U);
  EXPECT_EQ(odd->left_out.size(), 5U);
  EXPECT_THAT(read(R"({"activation_encodings": 3})").error().message, HasSubstr("a.encodings"));
  EXPECT_THAT(read(R"({"activation_encodings": [)").error().message, HasSubstr("not valid JSON"));
  EXPECT_THAT(read(R"({"param_encodings": [{}]})").error().message,
              HasSubstr("param_encodings[0]"));
}

}  // namespace
}  // namespace acuate
