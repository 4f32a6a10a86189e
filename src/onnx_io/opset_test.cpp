#include "onnx_io/opset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/verify.h"
#include "onnx_io/authority.h"
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

TEST(ConvertOpset, SaysWhatItCannotDo) {
  auto model = parse_text_model(
      R"(<ir_version: 8, opset_import: ["" : 17, "f" : 1]> g (float[2] x) => (float[2] y) { y = f.twice(x) }
    <domain: "f", opset_import: ["" : 17]> twice (a) => (b) { b = Add(a, a) })");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_THAT(convert_opset(**model, 18).error().message, testing::HasSubstr("local functions"));
}

}  // namespace
}  // namespace acuate
