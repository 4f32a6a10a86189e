#include "rewrite/pass.h"

#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(Passes, RunInPhasesAndAfter) {
  const auto order = ordered_passes(passes());
  ASSERT_EQ(order.size(), passes().all().size());
  for (size_t i = 1; i < order.size(); ++i) EXPECT_LE(order[i - 1]->phase, order[i]->phase);
  const auto position = [&](std::string_view id) {
    return std::find_if(order.begin(), order.end(),
                        [&](const Pass* pass) { return pass->id == id; }) -
           order.begin();
  };
  EXPECT_LT(position("eliminate_identity"), position("eliminate_dead_code"));
}

TEST(Passes, RoundingOnesStateTheirBound) {
  for (const Pass& pass : passes().all()) {
    EXPECT_FALSE(pass.doc.empty());
    EXPECT_EQ(pass.exactness == Exactness::Rounding, !pass.bound.empty()) << pass.id;
  }
}

constexpr const char* kMixed = R"(g (float[1,1,4,4] x, float[1,1,1,1] w) => (float[1,1,4,4] y) {
    two = Constant<value_float = 2.0>()  i = Identity(x)  dead = Neg(x)  c = Conv(i, w)  y = Mul(c, two) })";

TEST(Simplify, ComesToRest) {
  auto model = text_model(kMixed);
  const auto records = simplify(*model, {});
  ASSERT_TRUE(records);
  EXPECT_EQ(operators(*model),
            (std::vector<std::string>{"Conv", "Mul"}));  // w is an input: nothing to fuse into
  auto again = simplify(*model, {});
  for (const PassRecord& record : *again) EXPECT_EQ(record.applied, 0U) << record.id;
}

TEST(Simplify, DisabledPassesStayOut) {
  auto model = text_model(kMixed);
  ASSERT_TRUE(simplify(*model, {}, {.exact_only = false, .disabled = {"eliminate_identity"}}));
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Identity", "Conv", "Mul"}));
}

TEST(Simplify, ExactLeavesArithmeticAlone) {
  const char* graph =
      R"(g (float[1,1,4,4] x) => (float[1,1,4,4] y) <float[1,1,1,1] w = {3.0}, float two = {2.0}> { c = Conv(x, w)  y = Mul(c, two) })";
  auto exact = text_model(graph);
  ASSERT_TRUE(simplify(*exact, {}, {.exact_only = true, .disabled = {}}));
  EXPECT_EQ(exact->graph().node_count(), 2U);
  auto rounding = text_model(graph);
  ASSERT_TRUE(simplify(*rounding, {}));
  EXPECT_EQ(rounding->graph().node_count(), 1U);
}

TEST(Passes, UnknownIdListsThem) {
  EXPECT_THAT(passes().find("fuse-everything", "pass").error().message,
              testing::HasSubstr("fold-constants"));
}

}  // namespace
}  // namespace acuate
