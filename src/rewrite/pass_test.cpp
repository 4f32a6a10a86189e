#include "rewrite/pass.h"

#include <fmt/format.h>

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

// The wrapper's word on a pass that does harm, empty where it lets it go.
std::string complaint(const char* graph, const std::function<void(Model&)>& harm) {
  const auto model = text_model(graph);
  const Pass pass{.id = "harmful", .doc = "", .run = [&](Model& changed, const PassContext&) {
                    harm(changed);
                    return PassOutcome{.applied = 1, .misses = {}};
                  }};
  try {
    EXPECT_TRUE(run_pass(pass, *model, {}));
  } catch (const InternalError& error) {
    return error.what();
  }
  return "";
}

TEST(Passes, OneThatLeavesAReadWithoutAProducerIsCaught) {
  const auto remove_first = [](Model& model) { model.graph().remove_node(*model.graph().first()); };
  EXPECT_THAT(complaint("g (float[2] x) => (float[2] y) { a = Neg(x) y = Relu(a) }", remove_first),
              testing::HasSubstr("nothing makes a"));
  EXPECT_THAT(complaint("g (float[2] x) => (float[2] y) { y = Relu(x) }", remove_first),
              testing::HasSubstr("nothing makes y"));
  EXPECT_THAT(complaint(R"(g (bool c, float[2] x) => (float[2] y) { a = Neg(x)
      y = If (c) <then_branch = t () => (float[2] p) { p = Relu(a) },
                  else_branch = e () => (float[2] q) { q = Neg(x) }> })",
                        remove_first),
              testing::HasSubstr("nothing makes a"));
  // What the model came with is no pass's doing.
  EXPECT_EQ(complaint("g (float[2] x) => (float[2] y) { a = Neg(lost) b = Neg(x) y = Relu(b) }",
                      [](Model& model) { model.graph().first()->set_name("n"); }),
            "");
}

TEST(Passes, OneThatBreaksTheOrderIsCaught) {
  const auto first_to_the_end = [](Model& model) {
    model.graph().move_before(*model.graph().first(), nullptr);
  };
  EXPECT_THAT(
      complaint("g (float[2] x) => (float[2] y) { a = Neg(x) y = Relu(a) }", first_to_the_end),
      testing::HasSubstr("stands before its producer"));
  EXPECT_EQ(complaint("g (float[2] x) => (float[2] y, float[2] z) { y = Neg(x) z = Relu(x) }",
                      first_to_the_end),
            "");
}

TEST(Passes, MissesAreToldInOrder) {
  std::string graph = "g (float[2] x) => (float[2] y0";
  std::string nodes;
  std::vector<std::string> expected;
  for (int i = 0; i < 40; ++i) {
    if (i > 0) graph += fmt::format(", float[2] y{}", i);
    nodes += fmt::format(" y{} = Relu(x)", i);
    expected.push_back(fmt::format("@y{}", i));
  }
  const auto model = text_model(graph + ") {" + nodes + " }");
  const Pass pass{
      .id = "never", .doc = "", .operators = {"Relu"}, .rewrite = [](Node&, const PassContext&) {
        return std::optional("never");
      }};
  const auto outcome = run_pass(pass, *model, {});
  ASSERT_TRUE(outcome);
  std::vector<std::string> told;
  for (const NoMatch& miss : outcome->misses) told.push_back(miss.node);
  EXPECT_EQ(told, expected);
}

TEST(Passes, UnknownIdListsThem) {
  EXPECT_THAT(passes().find("fuse-everything", "pass").error().message,
              testing::HasSubstr("fold-constants"));
}

}  // namespace
}  // namespace acuate
