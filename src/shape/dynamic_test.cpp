#include "shape/dynamic.h"

#include "shape/test_support.h"

namespace acuate {
namespace {

std::vector<std::string> chains(const Inferred& m, std::string_view name) {
  std::vector<std::string> out;
  for (const DynamicAxis& dim : explain_dynamic(*m.shapes, *m.model->graph().find(name)))
    for (const auto& source : dim.sources)
      out.push_back(std::to_string(dim.axis) + " " + dim.expression + ": " + chain_text(source));
  return out;
}

TEST(Dynamic, TellsTheChainFromTheInput) {
  const Inferred m(R"((float[1,c,h] x) => (float[] y) <int64[2] s = {1, -1}> {
    [act] a = Relu(x) [flat] y = Reshape(a, s) })");
  EXPECT_THAT(chains(m, "y"),
              testing::ElementsAre("1 c*h: input 'x', axis 1 → Relu 'act' → Reshape 'flat'",
                                   "1 c*h: input 'x', axis 2 → Relu 'act' → Reshape 'flat'"));
}

TEST(Dynamic, FollowsDimensionsThatBecameData) {
  const Inferred m(
      R"((float[n,3] x, float[1,4] row) => (float[] y) <int64[1] zero = {0}, int64[1] four = {4}> {
    [shape] s = Shape(x) [pick] b = Gather(s, zero) [join] t = Concat<axis=0>(b, four) [grow] y = Expand(row, t) })");
  EXPECT_THAT(chains(m, "y"),
              testing::ElementsAre("0 n: input 'x', axis 0 → Shape 'shape' → Gather 'pick' → "
                                   "Concat 'join' → Expand 'grow'"));
}

TEST(Dynamic, NamesTheNodeThatDependsOnData) {
  const Inferred m("(float[8] x) => (int64[] y) { [find] i = NonZero(x) [turn] y = Transpose(i) }");
  EXPECT_THAT(chains(m, "y"),
              testing::ElementsAre("0 ?'i'.1: data of NonZero 'find' → Transpose 'turn'"));
}

TEST(Dynamic, NamesTheNodeWithoutARule) {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17, "custom" : 1]>
    g (float[2,3] x) => (float[] y) { [m] a = custom.Mystery(x) [r] y = Relu(a) })");
  ASSERT_TRUE(model) << model.error().message;
  const ShapeInference shapes(**model);
  const auto dims = explain_dynamic(shapes, *(*model)->graph().find("y"));
  ASSERT_EQ(dims.size(), 1U);
  EXPECT_EQ(dims[0].expression, "unknown rank");
  EXPECT_EQ(chain_text(dims[0].sources[0]), "data of Mystery 'm' → Relu 'r'");
}

TEST(Dynamic, FollowsBodiesInwardAndOutward) {
  const Inferred m(R"((float[n,3] x, bool c) => (float[] y) {
    [act] a = Relu(x)
    [choose] y = If (c) <then_branch = t () => (float[] p) { [in] p = Neg(a) },
                         else_branch = e () => (float[] q) { [other] q = Abs(a) }> })");
  EXPECT_THAT(chains(m, "y"),
              testing::ElementsAre("0 n: input 'x', axis 0 → Relu 'act' → Neg 'in' → If 'choose'"));
}

TEST(Dynamic, NamesTheNodesWhereValuesDecide) {
  const Inferred m(
      R"((float[n] x, int64[1] count, float[n,4] w) => (float[] z, float[] r, float[] d)
      <int64[2] tail = {-1, 2}, int64[1] two = {2}> {
    [find] i = NonZero(x) [turn] t = Transpose(i) [cast] z = Cast<to=1>(t)
    [measure] s = Shape(x) [list] l = Concat<axis=0>(s, two, two) [grid] r = Reshape(w, l)
    [grow] d = Expand(x, count) })");
  std::vector<std::string> found;
  for (const Node* node : data_dependent_nodes(*m.shapes)) found.push_back(node->address());
  EXPECT_THAT(found, testing::ElementsAre("find", "grow"));
}

TEST(Dynamic, SaysNothingOfNumbers) {
  const Inferred m("(float[2,3] x) => (float[] y) { y = Relu(x) }");
  EXPECT_TRUE(explain_dynamic(*m.shapes, *m.model->graph().find("y")).empty());
}

TEST(Dynamic, LongChainsAreToldByTheirEnds) {
  std::string nodes = "[n0] v0 = Relu(x) ";
  for (int i = 1; i < 20; ++i)
    nodes += "[n" + std::to_string(i) + "] v" + std::to_string(i) + " = Relu(v" +
             std::to_string(i - 1) + ") ";
  const Inferred m("(float[n] x) => (float[] v19) { " + nodes + "}");
  EXPECT_THAT(chains(m, "v19")[0], testing::HasSubstr("Relu 'n2' → … (14 nodes) → Relu 'n17'"));
}

}  // namespace
}  // namespace acuate
