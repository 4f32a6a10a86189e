#include "numeric/encodings.h"

#include <random>

#include <gtest/gtest.h>

#include "numeric/graph_changes.h"

namespace acuate {
namespace {

Encodings example() {
  Encodings encodings;
  TensorEncoding activation;
  activation.tensor = "conv1_out \"quoted\" é";
  activation.quantization = schemes().lookup("u8")->from_range(-0.7, 3.1);
  activation.range_min = -0.7;
  activation.range_max = 3.1;
  activation.range_method = "percentile:99.9";
  activation.sqnr_db = 31.25;
  activation.clipped_fraction = 0.001;
  activation.clipping_noise = 0.5;
  activation.rounding_noise = 1.25e-5;
  TensorEncoding weight;
  weight.tensor = "conv1.weight";
  const FloatRange ranges[] = {{-1, 0.3f}, {-0.1f, 0.7f}};
  weight.quantization = schemes().lookup("s8")->from_ranges(ranges, 0, true);
  weight.range_min = -1;
  weight.range_max = 0.7;
  weight.range_method = "minmax";
  TensorEncoding half;
  half.tensor = "half";
  half.quantization = schemes().lookup("fp16")->from_range(-2, 3);
  half.range_min = -2;
  half.range_max = 3;
  encodings.tensors = {activation, weight, half};
  return encodings;
}

GraphChanges changes() {
  return {{{"dw_in", {1, 3.3F}}, {"other", {0.1F}}},
          {{"head"}},
          {{"conv1.weight", "..aB"}},
          {{"Conv_7", {-0.3F, 0, 1e-40F}}}};
}

// `text` with the first occurrence of `from` replaced.
std::string edited(std::string text, std::string_view from, std::string_view to) {
  const size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return place == std::string::npos ? text : text.replace(place, from.size(), to);
}

std::string error_of(std::string_view text) {
  const auto parsed = parse_encodings(text, "e.json");
  return parsed ? "read" : parsed.error().message;
}

TEST(EncodingIndex, FindsByNameTheFirstOfTwins) {
  Encodings encodings = example();
  encodings.tensors.push_back(encodings.tensors[1]);
  encodings.tensors.back().range_method = "second";
  const EncodingIndex index(encodings);
  EXPECT_EQ(index.find("conv1.weight"), &encodings.tensors[1]);
  EXPECT_EQ(index.find("half"), &encodings.tensors[2]);
  EXPECT_EQ(index.find("conv1"), nullptr);
}

TEST(Encodings, RoundTrip) {
  const auto read = parse_encodings(write_encodings(example()), "e.json");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, example());
  EXPECT_EQ(write_encodings(*read), write_encodings(example()));
  EXPECT_EQ(*parse_encodings(write_encodings({}), "e.json"), Encodings());
  EXPECT_NE(read->find("conv1.weight"), nullptr);
  EXPECT_EQ(read->find("conv2.weight"), nullptr);
}

TEST(Encodings, ChangesAreReadStrictly) {
  const std::string good = write_encodings(example(), changes());
  EXPECT_EQ(*parse_encodings(good, "e.json"), example());
  EXPECT_EQ(*parse_graph_changes(good, "e.json"), changes());
  EXPECT_EQ(*parse_graph_changes(write_encodings(example()), "e.json"), GraphChanges());
  EXPECT_EQ(error_of(edited(good, "[1.0,3.3]", "[1.0,0.0]")),
            "e.json: channel_scales[0] ('dw_in'): scale is 0, expected numbers above 0");
  EXPECT_NE(error_of(edited(good, "[1.0,3.3]", "[1.0,1e39]")).find("float32"), std::string::npos);
  EXPECT_EQ(error_of(edited(good, "\"bias\":", "\"biases\":")),
            "e.json: biases[0] ('Conv_7'): 'bias' is missing");
  EXPECT_NE(
      error_of(edited(good, "\"channel_scales\"", "\"channel_scale\"")).find("'channel_scales'?"),
      std::string::npos);
}

TEST(Encodings, EveryScaleSurvivesTheText) {
  std::mt19937 random(3);
  Encodings encodings;
  for (int i = 0; i < 2000; ++i) {
    TensorEncoding encoding;
    encoding.tensor = std::to_string(i);
    encoding.quantization = schemes().lookup("s8")->from_range(
        0, std::ldexp(random() + 1.0, static_cast<int>(random() % 220) - 150));
    encodings.tensors.push_back(encoding);
  }
  EXPECT_EQ(*parse_encodings(write_encodings(encodings), "e.json"), encodings);
}

TEST(Encodings, TheShortestFormThatAPersonWrites) {
  const auto read = parse_encodings(
      R"({"schema_version": 1, "tensors": [{"tensor": "x", "scheme": "u8", "scale": [0.5], "zero_point": [3],
          "range_min": -1.5, "range_max": 126}]})",
      "e.json");
  ASSERT_TRUE(read) << read.error().message;
  const Quantization& quantization = read->tensors.at(0).quantization;
  EXPECT_EQ(quantization.bits, 8);
  EXPECT_FALSE(quantization.is_signed);
  EXPECT_EQ(quantization.per_channel_axis, -1);
  EXPECT_FALSE(read->tensors.at(0).sqnr_db);
}

TEST(Encodings, ErrorsNameFileAndTensor) {
  const std::string good = write_encodings(example());
  EXPECT_EQ(error_of(edited(good, "\"narrow_range\":true", "\"narow_range\":true")),
            "e.json: tensor 'conv1.weight': 'narow_range' is not known; 'narrow_range'?");
  EXPECT_EQ(error_of(edited(good, "\"range_max\":0.7,", "")),
            "e.json: tensor 'conv1.weight': 'range_max' is missing");
  EXPECT_EQ(
      error_of(edited(good, "\"zero_point\":[0,0]", "\"zero_point\":[0,1]")),
      "e.json: tensor 'conv1.weight': zero_point[1] is 1; scheme s8 is symmetric, so it must be 0");
  EXPECT_EQ(error_of(edited(good, "\"zero_point\":[47]", "\"zero_point\":[256]")),
            "e.json: tensor 'conv1_out \"quoted\" é': zero_point[0] is 256, outside 0…255");
  EXPECT_EQ(error_of(edited(good, "\"zero_point\":[47]", "\"zero_point\":[4.5]")),
            "e.json: tensor 'conv1_out \"quoted\" é': zero_point is 4.5, expected a whole number");
  EXPECT_EQ(error_of(edited(good, "\"per_channel_axis\":0", "\"per_channel_axis\":null")),
            "e.json: tensor 'conv1.weight': 2 scales but no per_channel_axis");
  EXPECT_EQ(error_of(edited(good, "\"scheme\":\"u8\"", "\"scheme\":\"s8\"")),
            "e.json: tensor 'conv1_out \"quoted\" é': scheme s8 is signed with 8 bits, found "
            "unsigned with 8");
  EXPECT_EQ(error_of(edited(good, "\"clipped_fraction\":0.001", "\"clipped_fraction\":1.5")),
            "e.json: tensor 'conv1_out \"quoted\" é': clipped_fraction is 1.5, expected a number "
            "from 0 to 1");
  EXPECT_EQ(error_of(edited(good, "\"schema_version\": 1", "\"schema_version\": 2")),
            "e.json: schema_version 2; this program reads 1");
  EXPECT_EQ(error_of(edited(good, "\"conv1.weight\"", "\"conv1_out \\\"quoted\\\" é\"")),
            "e.json: tensor 'conv1_out \"quoted\" é' is listed twice");
  EXPECT_EQ(error_of(edited(good, "\"bits\":8,", "\"bits\":8,\"bits\":8,")),
            "e.json: 'bits' stands twice in one object");
}

TEST(Encodings, ScalesMustBePositive) {
  for (const char* scale : {"0", "-0.5", "1e-60"}) {
    const std::string text = fmt::format(
        R"({{"schema_version": 1, "tensors": [{{"tensor": "x", "scheme": "s8", "scale": [{}], "zero_point": [0],
            "range_min": 0, "range_max": 1}}]}})",
        scale);
    EXPECT_NE(error_of(text).find("tensor 'x': scale[0] is "), std::string::npos) << error_of(text);
  }
}

TEST(Encodings, WhatIsNotAnEncodingsFile) {
  EXPECT_NE(error_of("").find("e.json: not valid JSON"), std::string::npos);
  EXPECT_NE(error_of("{\"schema_version\": 1, \"tensors\": [").find("not valid JSON"),
            std::string::npos);
  EXPECT_EQ(error_of("[]"), "e.json: found array, expected an object");
  EXPECT_EQ(error_of("{}"), "e.json: 'schema_version' is missing");
  EXPECT_EQ(error_of(R"({"schema_version": 1, "tensors": [7]})"),
            "e.json: tensors[0]: found number, expected an object");
  EXPECT_EQ(error_of(R"({"schema_version": 1, "tensors": 7})"),
            "e.json: tensors is 7, expected a list");
  EXPECT_NE(error_of(std::string(100000, '[')).find("e.json: "), std::string::npos);
  EXPECT_NE(error_of("{\"schema_version\": 1, \"tensors\": [\"\xff\"]}").find("not valid JSON"),
            std::string::npos);
  EXPECT_NE(error_of("{\"schema_version\": 1, \"tensors\": 1e999}").find("e.json: "),
            std::string::npos);
}

}  // namespace
}  // namespace acuate
