#include "rewrite/pass_test_support.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

TEST(MergeConcats, NestedOnesBecomeOne) {
  auto model = text_model(
      R"(g (float[2,N] p, float[2,N] q, float[2,N] r, float[2,0] none) => (float[2,M] y) {
    [inner] a = Concat<axis = 1>(p, q)  b = Concat<axis = -1>(r, a, none, p)  y = Relu(b) })");
  EXPECT_EQ(apply("merge_concats", *model).applied, 1U);
  ASSERT_EQ(operators(*model), (std::vector<std::string>{"Concat", "Relu"}));
  const Node& node = *model->graph().first();
  ASSERT_EQ(node.input_count(), 4U);
  EXPECT_EQ(node.input(0)->name, "r");
  EXPECT_EQ(node.input(1)->name, "p");
  EXPECT_EQ(node.input(2)->name, "q");
  EXPECT_EQ(node.input(3)->name, "p");
  EXPECT_EQ(origins(node), (std::vector<std::string>{"@b", "inner"}));
}

TEST(MergeConcats, PiecesOfASplitPutTogether) {
  auto model = text_model(
      R"(g (float[2,6] x) => (float[2,6] y, float[2,6] z) { a, b, c = Split<axis = 1>(x)  d = Concat<axis = -1>(a, b, c)  y = Relu(d)  e, f = Split<axis = 1>(x)  h = Concat<axis = 1>(f, e)  z = Relu(h) })");
  EXPECT_EQ(apply("merge_concats", *model).applied, 1U);
  EXPECT_EQ(operators(*model), (std::vector<std::string>{"Relu", "Split", "Concat", "Relu"}));
}

TEST(MergeConcats, OtherAxesAndOtherReadersStay) {
  auto model = text_model(R"(g (float[2,2] p, float[2,2] q) => (float[] y, float[] z, float[] w) {
    a = Concat<axis = 0>(p, q)  b = Concat<axis = 1>(a, a)  y = Relu(b)  c = Concat<axis = 0>(p, p)  d = Concat<axis = 0>(c, p)  z = Relu(d)  w = Relu(c) })");
  EXPECT_EQ(apply("merge_concats", *model).applied, 0U);
}

}  // namespace
}  // namespace acuate
