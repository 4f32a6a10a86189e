#include "onnx_io/text_form.h"
#include "rewrite/facts.h"
#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

TEST(MergePads, SidesAddUp) {
  auto model = text_model(
      R"(g (float[N,M] x) => (float[A,B] y) <int64[4] a = {0, 1, 2, 3}, int64[4] b = {5, -1, 7, 0}, float seven = {7}, float also = {7}> {
    [p] p1 = Pad(x, a, seven)  [q] p2 = Pad(p1, b, also)  y = Relu(p2) })");
  EXPECT_EQ(apply("merge_pads", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Pad", "Relu"}));
  const Node& pad = *model->graph().first();
  EXPECT_EQ(pad.input(0)->name, "x");
  EXPECT_EQ(int_constant(pad.input(1)), (std::vector<int64_t>{5, 0, 9, 3}));
  EXPECT_EQ(scalar_constant(pad.input(2)), 7);
  EXPECT_EQ(pad.metadata("acuate.origins"), R"(["q","p"])");
}

TEST(MergePads, AChainWithAxesAtOnce) {
  auto model = parse_text_model(R"(<ir_version: 9, opset_import: ["" : 19]>
    g (float[N,M] x) => (float[A,B] y) <int64[2] a = {1, 2}, int64[1] last = {-1}, int64[1] first = {0}> {
    p1 = Pad<mode = "edge">(x, a,, last)  p2 = Pad<mode = "edge">(p1, a,, first)  p3 = Pad<mode = "edge">(p2, a,, last)  y = Relu(p3) })");
  ASSERT_TRUE(model) << model.error().message;
  infer_shapes(**model);
  EXPECT_EQ(apply("merge_pads", **model).applied, 1U);
  ASSERT_EQ(operators(**model), (std::vector<std::string>{"Pad", "Relu"}));
  const Node& pad = *(*model)->graph().first();
  EXPECT_EQ(int_constant(pad.input(1)), (std::vector<int64_t>{1, 2, 2, 4}));
  EXPECT_EQ(pad.input(3), nullptr);
}

TEST(MergePads, AttributesOfOldOpsets) {
  auto model = parse_text_model(R"(<ir_version: 4, opset_import: ["" : 10]>
    g (float[N] x) => (float[A] y) { p = Pad<pads = [1, 2]>(x)  q = Pad<pads = [3, 4]>(p)  y = Relu(q) })");
  ASSERT_TRUE(model) << model.error().message;
  infer_shapes(**model);
  EXPECT_EQ(apply("merge_pads", **model).applied, 1U);
  EXPECT_EQ((*model)->graph().first()->ints_attribute("pads"), (std::vector<int64_t>{4, 6}));
}

TEST(MergePads, OthersStay) {
  for (const auto& [nodes, reason] : std::map<std::string, std::string>{
           {"p = Pad(x, a)  y = Pad(p, a, one)", "the Pad before it pads with something else"},
           {R"(p = Pad<mode = "reflect">(x, a)  y = Pad<mode = "reflect">(p, a))",
            "it pads with reflect"},
           {R"(p = Pad<mode = "edge">(x, a)  y = Pad(p, a))",
            "the Pad before it pads with something else"},
           {"p = Pad(x, crop)  y = Pad(p, a)", "one of them crops what the other does not pad"},
           {"p = Pad(x, a)  y = Pad(p, crop)", "one of them crops what the other does not pad"},
           {"p = Pad(x, given)  y = Pad(p, a)", "its pads are not constants"}}) {
    auto model = text_model(
        "g (float[4] x, int64[2] given) => (float[A] y) <int64[2] a = {1, 1}, int64[2] crop = {-2, "
        "0}, float one = {1}> { " +
        nodes + " }");
    const auto outcome = apply("merge_pads", *model);
    EXPECT_EQ(outcome.applied, 0U) << nodes;
    EXPECT_EQ(reasons(outcome), std::multiset<std::string>{reason}) << nodes;
  }
}

}  // namespace
}  // namespace acuate
