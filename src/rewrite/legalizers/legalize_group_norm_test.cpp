#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(LegalizeGroupNorm, IsWrittenOut) {
  auto model = text_model(
      R"(g (float[2, 4, 3] x, float[4] s) => (float[2, 4, 3] y) { y = GroupNormalization<num_groups = 2>(x, s, s) })");
  model->set_opset("", 21);
  infer_shapes(*model);
  EXPECT_EQ(run_legalizer("legalize_group_norm", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{
                                   "Reshape", "ReduceMean", "Sub", "Mul", "ReduceMean", "Add",
                                   "Sqrt", "Div", "Reshape", "Reshape", "Mul", "Reshape", "Add"}));
}

TEST(LegalizeGroupNorm, ScalesOfGroupsStay) {
  auto model = text_model(
      R"(g (float[2, 4, 3] x, float[2] s) => (float[2, 4, 3] y) { y = GroupNormalization<num_groups = 2>(x, s, s) })");
  model->set_opset("", 18);
  infer_shapes(*model);
  const PassOutcome outcome = run_legalizer("legalize_group_norm", *model);
  EXPECT_EQ(outcome.applied, 0U);
  ASSERT_FALSE(outcome.misses.empty());
  EXPECT_THAT(outcome.misses[0].reason, testing::HasSubstr("that of groups"));
}

}  // namespace
}  // namespace acuate
