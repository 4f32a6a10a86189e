#include "quantize/encoding_format.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

std::unique_ptr<Model> net() {
  auto model = typed_model(R"(net (float[1,2,4,4] x) => (float[1,2,4,4] y) <
      float[2,2,1,1] w = {1.0, 0.5, -0.25, 2.0}> { c = Conv(x, w)  y = Relu(c) })");
  for (Node* node = model->graph().first(); node != nullptr; node = node->next())
    node->set_name("/m/" + std::string(node->op_type()));
  return model;
}

Result<ImportedEncodings> read(const std::string& text) {
  return read_encodings(text, "m.quantize", *net());
}

constexpr const char* kFile = R"(customized_quantize_layers: {}
quantize_parameters:
  '@x_4:out0':
    qtype: u8
    quantizer: asymmetric_affine
    rounding: rtne
    max_value: 22.5
    min_value: -3.0
    scale: 0.1
    zero_point: 30
  '@/m/Conv_2:weight':
    qtype: i8
    quantizer: perchannel_symmetric_affine
    rounding: rtne
    max_value: [1.0, 2.0]
    min_value: [0.5, -0.25]
    scale:
    - 0.5
    - 0.25
    zero_point: [0, 0]
  '@/m/Conv_2:bias':
    qtype: i32
    quantizer: perchannel_symmetric_affine
    scale: [0.05, 0.025]
  '@Conv_c_2:out0':
    qtype: i8
    quantizer: asymmetric_affine
    scale: 0.5
    zero_point: -128
  '@/m/Relu_1:out0':
    qtype: i16
    quantizer: dynamic_fixed_point
    rounding: rtne
    max_value: 16.7
    min_value: -40.7
    fl: 9
  '@attach_y/out0_0:out0':
    qtype: float32
)";

TEST(AcuityFormat, ReadsLayersByNodeInputAndOutput) {
  const auto found = read(kFile);
  ASSERT_TRUE(found) << found.error().message;
  const Encodings& encodings = found->encodings;
  ASSERT_EQ(encodings.tensors.size(), 4U);
  EXPECT_EQ(encodings.find("x")->quantization.scheme, "u8");
  EXPECT_EQ(encodings.find("x")->quantization.zero_point, std::vector<int32_t>{30});
  EXPECT_EQ(encodings.find("w")->quantization.scheme, "s8");
  EXPECT_EQ(encodings.find("w")->quantization.per_channel_axis, 0);
  // The lowest of the signed integers is zero: the same reals as from 0 on without a sign.
  EXPECT_EQ(encodings.find("c")->quantization.scheme, "u8");
  EXPECT_EQ(encodings.find("c")->quantization.zero_point, std::vector<int32_t>{0});
  EXPECT_EQ(encodings.find("y")->quantization.scheme, "s16");
  EXPECT_EQ(encodings.find("y")->quantization.scale, std::vector<float>{1.0F / 512});
  EXPECT_EQ(found->left_out.size(), 2U);
}

TEST(AcuityFormat, ReadsWhatItWrites) {
  const auto found = read(kFile);
  auto model = net();
  const auto text = encoding_formats().lookup("acuity")->write(*found, *model);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_THAT(*text, HasSubstr("'@c:weight'"));
  EXPECT_THAT(*text, HasSubstr("fl: 9"));
  const auto again = read(*text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->encodings, found->encodings);
}

TEST(AcuityFormat, KnowsItsSpellingAndTheClipsItAdds) {
  const auto model = typed_model(R"(net (float[4] x) => (float[4] "_m:b") {
      "/m/a" = Neg(x)  "_m:b" = Relu("/m/a") })");
  const std::string entry = ":out0': {qtype: u8, quantizer: asymmetric_affine, scale: ";
  const auto found = read_encodings("quantize_parameters:\n  '@m/a_7" + entry +
                                        "0.5, zero_point: 1}\n  '@m_b_3_relun_9" + entry +
                                        "0.25, zero_point: 2}\n",
                                    "m.quantize", *model);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_NE(found->encodings.find("/m/a"), nullptr);
  ASSERT_NE(found->encodings.find("_m:b"), nullptr);
  EXPECT_EQ(found->encodings.find("_m:b")->quantization.scale, std::vector<float>{0.25F});
}

TEST(AcuityFormat, WhatIsWrongIsNamed) {
  EXPECT_THAT(read("quantize_parameters: 3\n").error().message, HasSubstr("m.quantize"));
  EXPECT_THAT(read("quantize_parameters: {'@ghost:out0': {qtype: u8}}\n").error().message,
              HasSubstr("'@ghost:out0': the model has no such layer"));
  EXPECT_THAT(
      read("quantize_parameters: {'@x:out0': {qtype: u8, quantizer: qbfloat16}}\n").error().message,
      HasSubstr("qbfloat16"));
}

}  // namespace
}  // namespace acuate
