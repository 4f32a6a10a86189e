#include "partition/tail.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "shape/text_model_test_support.h"

namespace acuate {
namespace {

std::string names(const std::vector<const Value*>& values) {
  std::string out;
  for (const Value* value : values) out += (out.empty() ? "" : " ") + std::string(value->name);
  return out;
}

// `prefix: a b; cuts: b; inputs: x; outputs: y`
std::string tail_text(const Model& model, TailRequest request = {}) {
  if (!request.may_take)
    request.may_take = [](const Node& node) { return node.op_type() != "NonZero"; };
  const Tail tail = find_tail(model.graph(), request);
  std::string prefix;
  for (size_t i = 0; i < tail.labels.size(); ++i)
    if (tail.labels[i] != kHost)
      prefix += (prefix.empty() ? "" : " ") + std::string(tail.dag.nodes[i]->output()->name);
  EXPECT_EQ(tail.prefix_nodes + tail.tail_nodes, tail.labels.size());
  return fmt::format("prefix: {}; cuts: {}; inputs: {}; outputs: {}", prefix, names(tail.cuts),
                     names(tail.inputs), names(tail.outputs));
}

TEST(Tail, IsWhatFollowsFromTheFirstRefusedNode) {
  const auto model = text_model(
      "g (float[4] x) => (int64[1, n] y, float[4] b) { a = Relu(x) b = Neg(a) y = NonZero(a) }");
  EXPECT_EQ(tail_text(*model), "prefix: a b; cuts: a; inputs: ; outputs: y");
}

TEST(Tail, MayReadInputsToo) {
  const auto model = text_model(
      "g (float[4] x) => (float[4] z) { a = Relu(x) k = Neg(x) c = Erf(a) z = Mul(c, x) }");
  TailRequest request;
  request.may_take = [](const Node& node) { return node.op_type() != "Erf"; };
  EXPECT_EQ(tail_text(*model, request), "prefix: a k; cuts: a; inputs: x; outputs: z");
}

TEST(Tail, BeginsBehindTheNamedValues) {
  const auto model = text_model(
      "g (float[4] x) => (float[4] y, float[4] z) { a = Relu(x) b = Neg(a) y = Abs(b) z = Abs(a) "
      "}");
  TailRequest request;
  request.cuts = {model->graph().find("b")};
  EXPECT_EQ(tail_text(*model, request), "prefix: a b z; cuts: b; inputs: ; outputs: y");
}

TEST(Tail, SequencesDoNotCross) {
  const auto model = text_model(
      "g (float[4] x) => (int64[1, n] y) { a = Relu(x) s = SequenceConstruct(a) i = Constant "
      "<value_int = 0> () t = SequenceAt(s, i) n1 = NonZero(t) n2 = SequenceLength(s) c = Cast <to "
      "= 7> (n2) y = Add(n1, c) }");
  TailRequest request;
  request.may_take = [](const Node& node) { return node.op_type() != "SequenceAt"; };
  EXPECT_EQ(tail_text(*model, request), "prefix: a; cuts: a; inputs: ; outputs: y");
}

TEST(Tail, BeginsBeforeConcatsThatMixRanges) {
  const auto model = text_model(R"(g (float[1, 4, 4] x) => (float[1, 4, 8] y)
    <float[4, 4] w = {1,0,0,0, 0,1,0,0, 0,0,1,0, 0,0,0,1}, float[1] stride = {640.0}> {
      h = MatMul(x, w) b = Mul(h, stride) s = Sigmoid(h) c = Concat <axis = 1> (b, s)
      y = Transpose <perm = [0, 2, 1]> (c) })");
  TailRequest request;
  request.before_mixing = true;
  EXPECT_EQ(tail_text(*model, request), "prefix: h b s; cuts: b s; inputs: ; outputs: y");
  EXPECT_EQ(tail_text(*model), "prefix: h b s c y; cuts: ; inputs: ; outputs: ");
}

TEST(Tail, AConcatInFrontOfAProductIsNoCut) {
  const auto model = text_model(R"(g (float[1, 4, 4] x) => (float[1, 8, 4] y)
    <float[4, 4] w = {1,0,0,0, 0,1,0,0, 0,0,1,0, 0,0,0,1}> {
      s = Sigmoid(x) c = Concat <axis = 1> (x, s) y = MatMul(c, w) })");
  TailRequest request;
  request.before_mixing = true;
  EXPECT_EQ(tail_text(*model, request), "prefix: s c y; cuts: ; inputs: ; outputs: ");
}

TEST(Tail, OfALongChainTakesNoStack) {
  std::string nodes = "x1 = Relu(x)";
  constexpr int kLength = 20000;
  for (int i = 1; i < kLength; ++i) nodes += fmt::format(" x{} = Relu(x{})", i + 1, i);
  const auto model = text_model(
      fmt::format("g (float[4] x) => (int64[1, n] y) {{ {} y = NonZero(x{}) }}", nodes, kLength));
  const Tail tail = find_tail(
      model->graph(), {.may_take = [](const Node& node) { return node.op_type() == "Relu"; },
                       .cuts = {},
                       .before_mixing = true});
  EXPECT_EQ(tail.prefix_nodes, size_t{kLength});
}

}  // namespace
}  // namespace acuate
