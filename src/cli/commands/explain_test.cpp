#include "cli/test_support.h"

namespace acuate {
namespace {

using ExplainTest = CommandTest;

TEST_F(ExplainTest, KnowsUnitsOfEveryKind) {
  for (const auto& [id, kind] :
       std::vector<std::pair<std::string, std::string>>{{"dynamic-shape", "finding (error)"},
                                                        {"fold_constants", "pass"},
                                                        {"set-shape", "edit command"},
                                                        {"percentile", "range method"},
                                                        {"u8", "scheme"},
                                                        {"sqnr", "metric"},
                                                        {"db-text", "decoder"},
                                                        {"vsi-npu", "target"},
                                                        {"imagenet", "pre-processing preset"},
                                                        {"convert", "command"},
                                                        {"terminal", "report form"}}) {
    const auto json = run_json({"explain", id});
    ASSERT_EQ(json["units"].size(), 1) << id;
    EXPECT_EQ(json["units"][0]["kind"], kind) << id;
    EXPECT_FALSE(json["units"][0]["text"].get<std::string>().empty()) << id;
  }
}

TEST_F(ExplainTest, AnUnknownIdSuggestsTheClosest) {
  EXPECT_EQ(run({"explain", "dynamic-shapes"}), 2);
  EXPECT_NE(err.find("did you mean 'dynamic-shape'?"), std::string::npos) << err;
  EXPECT_EQ(run({"explain", "zzzzzzzzzzzzzzzzzzzz"}), 2);
  EXPECT_EQ(err.find("did you mean"), std::string::npos) << err;
}

TEST_F(ExplainTest, WithoutAnIdListsAll) {
  EXPECT_EQ(run({"explain"}), 0);
  EXPECT_NE(out.find("pass: "), std::string::npos);
  EXPECT_NE(out.find("constants-to-initializers"), std::string::npos);
}

}  // namespace
}  // namespace acuate
