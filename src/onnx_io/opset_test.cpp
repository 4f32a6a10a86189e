#include "onnx_io/opset.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/verify.h"
#include "onnx_io/authority.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "onnx_io/text_form.h"

namespace acuate {
namespace {

TEST(ConvertOpset, DetectorReachesPerChannelQuantization) {
  auto model = import_model(std::string(ACUATE_FIXTURES) + "/ppocr_v4_det.onnx");
  ASSERT_TRUE(model);
  (*model)->graph().first()->next();
  auto converted = convert_opset(**model, 17);
  ASSERT_TRUE(converted) << converted.error().message;
  EXPECT_EQ((*converted)->opset_version(), 17);
  EXPECT_TRUE(verify(**converted).empty());
  EXPECT_TRUE(check_operators(**converted).empty());
}

TEST(ConvertOpset, MetadataStaysWithItsNode) {
  auto model = parse_text_model(
      R"(<ir_version: 6, opset_import: ["" : 11]> g (float[2] x) => (float[2] y) { a = Relu(x)  y = Neg(a) })");
  ASSERT_TRUE(model);
  (*model)->graph().last()->set_metadata("acuate.origins", "[\"n\"]");
  auto converted = convert_opset(**model, 13);
  ASSERT_TRUE(converted) << converted.error().message;
  EXPECT_EQ((*converted)->graph().last()->metadata("acuate.origins"), "[\"n\"]");
}

// The converted model lies in a buffer and not in the file that its path names: what is saved must
// come from the buffer.
TEST(ConvertOpset, SavedWeightsAreItsOwn) {
  auto model = parse_text_model(
      R"(<ir_version: 6, opset_import: ["" : 11]> g (float[65536] x) => (float[65536] y) { y = Add(x, w) })");
  ASSERT_TRUE(model);
  Tensor weight = Tensor::allocate(ElementType::Float, {65536});
  for (size_t i = 0; i < 65536; ++i) weight.mutable_values<float>()[i] = static_cast<float>(i);
  (*model)->graph().set_initializer(*(*model)->graph().find("w"), weight);
  const std::string path = testing::TempDir() + "opset_source.onnx",
                    saved = testing::TempDir() + "opset_saved.onnx";
  ASSERT_TRUE(save_model(**model, path));
  auto source = import_model(path);
  ASSERT_TRUE(source);
  auto converted = convert_opset(**source, 13);
  ASSERT_TRUE(converted) << converted.error().message;
  (*converted)->graph().first()->set_name("touched");
  ASSERT_TRUE(save_model(**converted, saved));
  auto again = import_model(saved);
  ASSERT_TRUE(again) << again.error().message;
  const auto found = (*again)->load(*(*again)->graph().find("w")->initializer);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(std::ranges::equal(found->bytes(), weight.bytes()));
}

TEST(ConvertOpset, SaysWhatItCannotDo) {
  auto model = parse_text_model(
      R"(<ir_version: 8, opset_import: ["" : 17, "f" : 1]> g (float[2] x) => (float[2] y) { y = f.twice(x) }
    <domain: "f", opset_import: ["" : 17]> twice (a) => (b) { b = Add(a, a) })");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_THAT(convert_opset(**model, 18).error().message, testing::HasSubstr("local functions"));
}

}  // namespace
}  // namespace acuate
