#include "edit/diff.h"

#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "edit/address.h"
#include "edit/compare_tensors.h"
#include "edit/test_support.h"
#include "graph/corpus_test_support.h"
#include "shape/infer.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N, 2] x, bool c) => (float[N, 2] y) <float[2] w = {1.0, 2.0}, float[2] v = {3.0, 4.0}> {
    [scale] a = Mul (x, w)
    [shift] b = Add (a, v)
    d = Elu <alpha: float = 0.5> (b)
    y = If (c) <then_branch = t () => (float[N, 2] p) { p = Neg (d) },
                else_branch = e () => (float[N, 2] q) { q = Identity (d) }>
  })";

ModelDiff diff_of(const Model& a, const Model& b) {
  return diff_models(a, b, {[](Model& model) { infer_shapes(model); }});
}

std::string diff_text(std::string_view a, std::string_view b) {
  return to_text(diff_of(*text_model(a), *text_model(b)));
}

// What the script changes, seen both ways: the reverse must not be empty either.
std::string diff_after(std::string_view script, std::string_view graph = kModel) {
  const auto before = text_model(graph);
  EditContext context;
  context.infer = true;
  const auto after = apply_script(*before, script, context);
  EXPECT_TRUE(after) << after.error().message;
  const ModelDiff diff = diff_of(*before, **after);
  EXPECT_EQ(diff.empty(), diff_of(**after, *before).empty());
  return to_text(diff);
}

TEST(Diff, OfAModelWithItselfAndItsCopiesIsEmpty) {
  const auto model = text_model(kModel);
  EXPECT_TRUE(diff_of(*model, *model).empty());
  EXPECT_TRUE(diff_of(*model, *model->clone()).empty());
  EXPECT_EQ(diff_text(kModel, kModel), "no differences\n");
}

TEST(Diff, RenamesAreToldAsSuch) {
  EXPECT_EQ(diff_after("rename-value a product\nrename-node scale times\nrename-value w weight"),
            "1 node renamed; 2 values renamed\n"
            "outside of modules: 1 node renamed; 2 values renamed\n"
            "  ~ node scale → times\n  ~ value a → product\n  ~ value w → weight\n");
  // An unnamed node under a new output is found through what it reads.
  EXPECT_EQ(diff_after("rename-value d other"),
            "1 value renamed\noutside of modules: 1 value renamed\n  ~ value d → other\n");
  EXPECT_EQ(diff_after("rename-value x image"),
            "inputs and outputs\n  ~ input x: x float32[N, 2] → image float32[N, 2]\n");
}

TEST(Diff, AttributesAndBodies) {
  EXPECT_THAT(diff_after("set-attr @d alpha 0.25"),
              HasSubstr("  ~ @d (Elu)\n      ~ attribute alpha: 0.5 → 0.25\n"));
  EXPECT_THAT(diff_after("rename-node @y::then_branch::@p minus"),
              HasSubstr("  ~ node @y::then_branch::@p → @y::then_branch::minus\n"));
}

TEST(Diff, NodesAddedRemovedAndRewired) {
  EXPECT_EQ(diff_text(kModel, R"(
  agraph (float[N, 2] x, bool c) => (float[N, 2] y) <float[2] w = {1.0, 2.0}> {
    [scale] a = Mul (x, w)
    [root] r = Sqrt (a)
    d = Elu <alpha: float = 0.5> (r)
    y = If (c) <then_branch = t () => (float[N, 2] p) { p = Neg (d) },
                else_branch = e () => (float[N, 2] q) { q = Identity (d) }>
  })"),
            "1 node removed, 1 added, 1 changed; 1 weight removed\n"
            "outside of modules: 1 node removed, 1 added, 1 changed; 1 weight removed\n"
            "  - shift (Add)\n  + root (Sqrt)\n  ~ @d (Elu)\n      ~ input 0: b → r\n"
            "  - weight v: float32 2\n");
}

TEST(Diff, AChainThatWasExportedAgainWithOtherCountersHasOneMoreNode) {
  EXPECT_EQ(diff_text("g (float[4] x) => (float[4] y) { [Relu_0] v0 = Relu(x) [Exp_1] v1 = Exp(v0)"
                      " [Relu_2] v2 = Relu(v1) [Exp_3] v3 = Exp(v2) [Neg_4] y = Neg(v3) }",
                      "g (float[4] x) => (float[4] y) { [Exp_0] v0 = Exp(x) [Relu_1] v1 = Relu(v0)"
                      " [Exp_2] v2 = Exp(v1) [Relu_3] v3 = Relu(v2) [Exp_4] v4 = Exp(v3)"
                      " [Neg_5] y = Neg(v4) }"),
            "1 node added, 1 changed, 5 renamed; 4 values renamed\n"
            "outside of modules: 1 node added, 1 changed, 5 renamed; 4 values renamed\n"
            "  + Exp_0 (Exp)\n  ~ Relu_0 (Relu)\n      ~ input 0: x → v0\n"
            "  ~ node Relu_0 → Relu_1\n  ~ node Exp_1 → Exp_2\n  ~ node Relu_2 → Relu_3\n"
            "  ~ node Exp_3 → Exp_4\n  ~ node Neg_4 → Neg_5\n"
            "  ~ value v0 → v1\n  ~ value v1 → v2\n  ~ value v2 → v3\n  ~ value v3 → v4\n");
}

// Nothing but names tells the nodes of such a chain apart; they are believed.
TEST(Diff, AChainOfEqualNodesKeepsItsNames) {
  EXPECT_EQ(
      diff_text("g (float[4] x) => (float[4] y) { [a] p = Exp(x) [b] q = Exp(p) [c] y = Exp(q) }",
                "g (float[4] x) => (float[4] y) { [n] o = Exp(x) [a] p = Exp(o) [b] q = Exp(p)"
                " [m] r = Exp(q) [c] y = Exp(r) }"),
      "2 nodes added, 2 changed\noutside of modules: 2 nodes added, 2 changed\n"
      "  + n (Exp)\n  + m (Exp)\n  ~ a (Exp)\n      ~ input 0: x → o\n"
      "  ~ c (Exp)\n      ~ input 0: q → r\n");
}

TEST(Diff, SymmetricBranchesStayApart) {
  const char* before = R"(g (float[4] x) => (float[4] y) {
    [l1] a = Relu(x) [l2] b = Exp(a) [r1] c = Relu(x) [r2] d = Exp(c) y = Sub(b, d) })";
  const char* after = R"(g (float[4] x) => (float[4] y) {
    [n1] e = Relu(x) [n2] f = Exp(e) [n3] g = Relu(x) [n4] h = Exp(g) y = Sub(h, f) })";
  const ModelDiff diff = diff_of(*text_model(before), *text_model(after));
  EXPECT_EQ(diff.nodes_renamed.size(), 4U);
  EXPECT_EQ(diff.values_renamed.size(), 4U);
  EXPECT_TRUE(diff.nodes_changed.empty()) << to_text(diff);
  EXPECT_TRUE(diff.nodes_added.empty() && diff.nodes_removed.empty());
}

TEST(Diff, ATiedWeightThatIsTiedNoLonger) {
  EXPECT_EQ(
      diff_text("g (float[2] x) => (float[2] y) <float[2] w = {1.0, 2.0}>"
                " { [a] p = Mul(x, w) [b] y = Add(p, w) }",
                "g (float[2] x) => (float[2] y) <float[2] w = {1.0, 2.0}, float[2] w2 = {1.0, 2.0}>"
                " { [a] p = Mul(x, w) [b] y = Add(p, w2) }"),
      "1 node changed; 1 weight added\noutside of modules: 1 node changed; 1 weight added\n"
      "  ~ b (Add)\n      ~ input 1: w → w2\n  + weight w2: float32 2\n");
}

TEST(Diff, UnreadWeightsGoByContentBeforeNames) {
  const std::string head = "agraph (float[2] x) => (float[2] y) <";
  const std::string tail = "> { y = Neg (x) }";
  EXPECT_EQ(diff_text(head + "int64[1] u = {1}, int64[1] v = {1}, float[2] w = {3.0, 4.0}" + tail,
                      head + "float[2] u = {3.0, 4.0}, int64[1] v = {1}, int64[1] w = {1}" + tail),
            "2 values renamed\n"
            "outside of modules: 2 values renamed\n"
            "  ~ value u → w\n  ~ value w → u\n");
  EXPECT_THAT(diff_text(head + "int64[1] u = {1}" + tail, head + "int64[1] u = {2}" + tail),
              HasSubstr("weight u"));
}

TEST(Diff, AConstantNodeThatBecameAnInitializerIsToldOnce) {
  const char* node =
      "g (float[2] x) => (float[2] y) { c = Constant<value = float[2] {1.0, 2.0}>()"
      " y = Mul(x, c) }";
  const char* weight = "g (float[2] x) => (float[2] y) <float[2] c = {1.0, 2.0}> { y = Mul(x, c) }";
  EXPECT_EQ(diff_text(node, weight), "weights that moved\n  ~ c: Constant node → initializer\n");
  EXPECT_EQ(diff_text(weight, node), "weights that moved\n  ~ c: initializer → Constant node\n");
}

TEST(Diff, WeightsByTheirLargestDifference) {
  EXPECT_THAT(diff_after("set-initializer w [1.0, 1.75]"),
              HasSubstr("  ~ weight w: float32 2, 1 element differs, largest difference 0.25\n"));
  EXPECT_THAT(diff_after("set-initializer w [[1.0, 2.0]]"),
              HasSubstr("  ~ weight w: float32 2 → float32 1x2\n"));
  const auto before = text_model(kModel);
  const auto after = apply_script(*before, "set-initializer w [1.0, nan]", {});
  ASSERT_TRUE(after) << after.error().message;
  const auto json = nlohmann::json::parse(to_json(diff_of(*before, **after)));
  EXPECT_TRUE(json["weights_changed"][0]["max_abs_difference"].is_null());
  EXPECT_EQ(json["weights_changed"][0]["reason"], "NaN or infinity on one side only");
  EXPECT_EQ(json["modules"][0]["weights_changed"], 1);
  EXPECT_EQ(json["empty"], false);
}

TEST(Diff, ModelFieldsAndInterface) {
  EXPECT_EQ(diff_after("set-metadata author me"), "model\n  + metadata author: \"me\"\n");
  const auto a = text_model(kModel), b = text_model(kModel);
  b->set_opset("", 18);
  EXPECT_EQ(to_text(diff_of(*a, *b)), "model\n  ~ opset ai.onnx: 17 → 18\n");
}

TEST(Diff, ShapesAreToldWhereTheyBegin) {
  const char* graph = R"(g (float[2, 6] x) => (float[n, m] y) {
    [fold] a = Flatten<axis = 1>(x) [exp] b = Exp(a) [neg] c = Neg(b) [last] y = Sqrt(c) })";
  std::string other = graph;
  other.replace(other.find("axis = 1"), 8, "axis = 0");
  EXPECT_THAT(diff_text(graph, other),
              HasSubstr("  ~ fold (Flatten)\n      ~ attribute axis: 1 → 0\n"
                        "  ~ shape of a: float32[2, 6] → float32[1, 12], and 2 that follow\n"
                        "2 shapes of inner values follow from what is told above\n"));
  other = graph;
  other.replace(other.find("2, 6"), 4, "4, 6");
  EXPECT_EQ(diff_text(graph, other),
            "inputs and outputs\n  ~ input x: float32[2, 6] → float32[4, 6]\n"
            "3 shapes of inner values follow from what is told above\n");
}

TEST(Diff, FunctionsByTheirBodies) {
  const auto model = [](const char* body) {
    auto parsed = parse_text_model(std::string(R"(
<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
g (float[2] x) => (float[2] y) { y = local.twice(x) }
<domain: "local", opset_import: ["" : 17]>
twice (p) => (q) )") + body);
    EXPECT_TRUE(parsed) << parsed.error().message;
    return *std::move(parsed);
  };
  const auto a = model("{ [add] q = Add(p, p) }");
  EXPECT_EQ(to_text(diff_of(*a, *model("{ [add] q = Add(p, p) }"))), "no differences\n");
  EXPECT_THAT(to_text(diff_of(*a, *model("{ [neg] r = Neg(p) [add] q = Add(r, p) }"))),
              HasSubstr("  + function:local:twice::neg (Neg)\n"));
  EXPECT_EQ(to_text(diff_of(*a, *text_model("g (float[2] x) => (float[2] y) { y = Add(x, x) }"))),
            "1 node changed\n"
            "model\n  - opset local: 1\n  - function local.twice: 1 nodes\n"
            "outside of modules: 1 node changed\n"
            "  ~ @y (local.twice)\n      ~ operator: local.twice → Add\n"
            "      ~ input 1: (none) → x\n");
}

TEST(Diff, ByModuleAndCutShort) {
  std::string a = "g (float[4] x) => (float[4] y) {", b = a;
  for (int i = 0; i < 30; ++i) {
    const std::string in = i == 0 ? "x" : "v" + std::to_string(i - 1);
    for (std::string* text : {&a, &b})
      *text += fmt::format(" [\"/enc/enc.{}/act/Op\"] v{} = {} <alpha: float = {}> ({})", i % 2, i,
                           "Elu", text == &a ? 1.0 : 2.0, in);
  }
  a += " y = Neg(v29) }";
  b += " y = Neg(v29) }";
  const auto before = text_model(a), after = text_model(b);
  const auto lines = to_lines(diff_of(*before, *after));
  EXPECT_THAT(lines, testing::Contains("enc.0.act: 15 nodes changed"));
  EXPECT_THAT(lines, testing::Contains("  … and 7 more like these"));
  EXPECT_THAT(to_lines(diff_of(*before, *after), true),
              testing::Not(testing::Contains(HasSubstr("more"))));
}

TEST(Diff, EveryModelOfTheCorpusEqualsItself) {
  namespace fs = std::filesystem;
  size_t count = 0;
  for (const fs::path& path : models_below(kAllModels)) {
    const auto a = import_model(path);
    ASSERT_TRUE(a) << a.error().message;
    // Written anew, so that the bytes differ and the meaning does not.
    const auto b = (*a)->clone();
    for (Graph* graph : b->all_graphs())
      for (Node* node : graph->nodes()) node->touch();
    const auto bytes = std::make_shared<const std::string>(encode_model(*b).flatten());
    const auto again = import_model(as_bytes(*bytes), bytes, path);
    ASSERT_TRUE(again) << again.error().message;
    const ModelDiff diff = diff_models(**a, **again);
    EXPECT_TRUE(diff.empty()) << path << "\n" << to_text(diff);
    ++count;
  }
  EXPECT_GE(count, 1000U) << "libonnx-testdata is missing";
}

TEST(CompareTensors, Float16ValuesAreTheirNumbers) {
  const auto half = [](std::initializer_list<uint16_t> bits) {
    Tensor tensor = Tensor::allocate(ElementType::Float16, {static_cast<int64_t>(bits.size())});
    std::ranges::copy(bits, tensor.mutable_values<uint16_t>().begin());
    return tensor;
  };
  // 1 and 1 + 2^-10; the smallest subnormal and 0; 65504 and -65504.
  EXPECT_EQ(compare_tensors(half({0x3C00}), half({0x3C01})).max_abs_difference,
            std::ldexp(1.0, -10));
  EXPECT_EQ(compare_tensors(half({0x0001}), half({0x0000})).max_abs_difference,
            std::ldexp(1.0, -24));
  EXPECT_EQ(compare_tensors(half({0x7BFF}), half({0xFBFF})).max_abs_difference, 131008.0);
  EXPECT_EQ(compare_tensors(half({0x7C00}), half({0x7BFF})).max_abs_difference, std::nullopt);
  EXPECT_EQ(compare_tensors(half({0x7C00}), half({0x7C00})).differing, 0U);
}

TEST(CompareTensors, NegativeZeroDiffersByNothing) {
  const auto difference =
      compare_tensors(Tensor::of<float>({2}, {0.0F, 1}), Tensor::of<float>({2}, {-0.0F, 1}));
  EXPECT_EQ(difference.differing, 1U);
  EXPECT_EQ(difference.max_abs_difference, 0.0);
}

}  // namespace
}  // namespace acuate
