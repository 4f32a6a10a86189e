#include "cli/test_support.h"
#include "rewrite/pass.h"

namespace acuate {
namespace {

using PassesTest = CommandTest;

TEST_F(PassesTest, InRunningOrderWithBounds) {
  const auto json = run_json({"passes"});
  const auto order = ordered_passes(passes());
  ASSERT_EQ(json["passes"].size(), order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    EXPECT_EQ(json["passes"][i]["id"], order[i]->id);
    const bool is_rounding = order[i]->exactness == Exactness::Rounding;
    EXPECT_EQ(json["passes"][i]["exactness"], is_rounding ? "rounding" : "exact");
    EXPECT_EQ(json["passes"][i]["bound"] != "", is_rounding);
  }
  EXPECT_EQ(run({"passes"}), 0);
  EXPECT_LT(out.find("fold-constants"), out.find("fuse-batch-norm-into-conv"));
}

TEST_F(PassesTest, TakesNoArguments) { EXPECT_EQ(run({"passes", "all"}), 2); }

}  // namespace
}  // namespace acuate
