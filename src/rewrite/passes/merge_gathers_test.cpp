#include "rewrite/facts.h"
#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(MergeGathers, PlacesOfPlaces) {
  auto model = text_model(
      R"(g (float[N,8,M] x) => (float[N,2,2,M] y) <int64[3] a = {7, -2, 1}, int64[2,2] b = {0, -1, 2, 1}> {
    g1 = Gather<axis = 1>(x, a)  g2 = Gather<axis = -2>(g1, b)  y = Relu(g2) })");
  EXPECT_EQ(apply("merge_gathers", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Gather", "Relu"}));
  const Node& gather = *model->graph().first();
  EXPECT_EQ(gather.input(0)->name, "x");
  EXPECT_EQ(int_constant(gather.input(1)), (std::vector<int64_t>{7, 1, 1, -2}));
  EXPECT_EQ(gather.input(1)->initializer->shape, (Shape{2, 2}));
}

TEST(MergeGathers, AChainAtOnceEndingInOnePlace) {
  auto model = text_model(
      R"(g (float[8] x) => (float y) <int64[3] a = {7, 6, 1}, int32[2] b = {2, 1}, int64 c = {1}> {
    [p] g1 = Gather(x, a)  [q] g2 = Gather(g1, b)  [r] g3 = Gather(g2, c)  y = Relu(g3) })");
  EXPECT_EQ(apply("merge_gathers", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Gather", "Relu"}));
  const Node& gather = *model->graph().first();
  EXPECT_EQ(int_constant(gather.input(1)), std::vector<int64_t>{6});
  EXPECT_TRUE(gather.input(1)->initializer->shape.empty());
  EXPECT_EQ(gather.metadata("acuate.origins"), R"(["r","q","p"])");
}

TEST(MergeGathers, OtherAxesAndForeignPlacesStay) {
  for (
      const auto& [graph, reason] : std::map<std::string, std::string>{
          {R"(g (float[4,4] x) => (float[A,B] y) <int64[2] a = {1, 2}> { g = Gather(x, a)  y = Gather<axis = 1>(g, a) })",
           "it takes along another axis than the Gather before it"},
          {R"(g (float[4] x) => (float[A] y) <int64[1] a = {1}, int64[1] b = {3}> { g = Gather(x, a)  y = Gather(g, b) })",
           "an index lies outside of what the Gather before it takes"},
          {R"(g (float[4] x, int64[2] b) => (float[2] y) <int64[1] a = {1}> { g = Gather(x, a)  y = Gather(g, b) })",
           "its indices are not constant"}}) {
    auto model = text_model(graph);
    const auto outcome = apply("merge_gathers", *model);
    EXPECT_EQ(outcome.applied, 0U) << graph;
    EXPECT_EQ(reasons(outcome), std::multiset<std::string>{reason}) << graph;
  }
  auto twice_read = text_model(
      R"(g (float[4] x) => (float[A] y, float[B] z) <int64[1] a = {1}, int64[1] b = {0}> { g = Gather(x, a)  y = Gather(g, b)  z = Relu(g) })");
  EXPECT_EQ(apply("merge_gathers", *twice_read).applied, 0U);
}

}  // namespace
}  // namespace acuate
