#include "convert/hybrid_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "onnx_io/text_form.h"
#include "shape/infer.h"

namespace acuate {
namespace {
using testing::HasSubstr;

TEST(HybridOptions, ABudgetIsAShareOrATime) {
  EXPECT_DOUBLE_EQ(*parse_hybrid_budget("15%")->share, 0.15);
  EXPECT_FALSE(parse_hybrid_budget("15%")->total);
  EXPECT_DOUBLE_EQ(*parse_hybrid_budget("1.5ms")->total, 1500);
  EXPECT_DOUBLE_EQ(*parse_hybrid_budget("800us")->total, 800);
  for (const char* wrong : {"15", "ms", "x%", "-1%", "101%", "-2ms", "1s", ""})
    EXPECT_THAT(parse_hybrid_budget(wrong).error().message, HasSubstr("--hybrid-budget")) << wrong;
}

class SetHybrid : public testing::Test {
 protected:
  SetHybrid() {
    auto model = parse_text_model(
        "<ir_version: 8, opset_import: [\"\" : 17]>\n"
        "net (float[1,1] x) => (float[1,1] y) { y = Relu(x) }");
    model_ = std::move(*model);
    infer_shapes(*model_);
  }
  std::string error() {
    QuantizeOptions quantize;
    auto set = set_hybrid(*model_, options_, *targets().lookup("onnxruntime"), {}, quantize);
    return set ? "" : set.error().message;
  }
  std::unique_ptr<Model> model_;
  ConvertOptions options_;
};

TEST_F(SetHybrid, LimitsNeedAHybrid) {
  EXPECT_EQ(error(), "");
  options_.hybrid_budget = "15%";
  EXPECT_THAT(error(), HasSubstr("--hybrid"));
  options_.hybrid = "s16";
  EXPECT_EQ(error(), "");
  options_.hybrid.clear();
  options_.hybrid_budget.clear();
  options_.hybrid_share = 0.1;
  EXPECT_THAT(error(), HasSubstr("--hybrid"));
}

TEST_F(SetHybrid, ATimeNeedsCosts) {
  options_.hybrid = "s16";
  options_.hybrid_budget = "1ms";
  EXPECT_THAT(error(), HasSubstr("--costs"));
}

TEST_F(SetHybrid, MultiplyAccumulatesInPlaceOfTimesAreTold) {
  std::string told;
  options_.hybrid = "s16";
  options_.hybrid_budget = "10%";
  options_.note = [&](const std::string& line) { told = line; };
  EXPECT_EQ(error(), "");
  EXPECT_THAT(told, HasSubstr("multiply-accumulates"));
}

TEST_F(SetHybrid, AMetricNeedsDataToJudgeOn) {
  options_.hybrid = "s16";
  options_.max_drop = {"sqnr=30dB"};
  EXPECT_EQ(error(), "");
  options_.max_drop = {"top1=0.5%"};
  EXPECT_THAT(error(), HasSubstr("--eval"));
}

}  // namespace
}  // namespace acuate
