// What other tools fell into, where the engine refuses the model or says nothing about it; the rest
// stands in tests/property/traps_test.cpp.
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "rewrite/pass_test_support.h"

namespace acuate {
namespace {

std::unique_ptr<Model> rewritten(const Model& model) {
  const auto bytes = std::make_shared<const std::string>(encode_model(model).flatten());
  auto again = import_model(as_bytes(*bytes), bytes, {});
  EXPECT_TRUE(again) << (again ? "" : again.error().message);
  check_invariants(**again);
  return std::move(*again);
}

std::vector<std::string> names(const std::vector<Value*>& values) {
  std::vector<std::string> out;
  for (const Value* value : values) out.emplace_back(value->name);
  return out;
}

TEST(Traps, WeightsUsedOnlyInsideAnIfBodyAreSaved) {
  const auto model = text_model(R"(
    g (float[N, 2] x, bool c) => (float[N, 2] y) <float[2] w = {1, 2}, float[2] v = {3, 4}, float[2] unused = {5, 6}> {
      y = If (c) <then_branch = t () => (float[N, 2] a) { a = Add (x, w) },
                  else_branch = e () => (float[N, 2] b) { i = Identity (v) b = Mul (x, i) }>
    })");
  ASSERT_TRUE(simplify(*model, {}));
  const auto again = rewritten(*model);
  EXPECT_THAT(names(again->graph().initializers()), testing::UnorderedElementsAre("w", "v"));
}

// A body has a value of its own under the name that an outer value would bring along.
TEST(Traps, AShadowedNameIsNotCaptured) {
  const auto model = text_model(R"(
    g (float[N] x, bool c) => (float[N] y) {
      a = Identity (x)
      y = If (c) <then_branch = t () => (float[N] p) { x = Neg (a) q = Add (x, a) p = Identity (q) },
                  else_branch = e () => (float[N] r) { r = Relu (a) }>
    })");
  ASSERT_TRUE(simplify(*model, {}));
  const auto again = rewritten(*model);
  // Neg and Relu must read the input of the model, and Add the result of Neg beside it.
  const Value* input = again->graph().inputs()[0];
  size_t seen = 0;
  for (const Graph* graph : again->all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next()) {
      const auto source = [&](size_t slot) {
        const Value* value = node->input(slot);
        while (value->producer != nullptr && value->producer->is_op("Identity"))
          value = value->producer->input(0);
        return value;
      };
      if (node->is_op("Neg") || node->is_op("Relu")) {
        EXPECT_EQ(source(0), input) << node->op_type();
        ++seen;
      } else if (node->is_op("Add")) {
        ASSERT_NE(source(0)->producer, nullptr);
        EXPECT_EQ(source(0)->producer->op_type(), "Neg");
        EXPECT_EQ(source(1), input);
        ++seen;
      }
    }
  EXPECT_EQ(seen, 3U);
}

TEST(Traps, AValueListedTwiceAmongTheOutputsStaysSo) {
  const auto model = text_model(R"(
    g (float[N] x) => (float[N] y, float[N] z, float[N] y) { a = Identity (x) y = Relu (a) z = Identity (y) })");
  ASSERT_TRUE(simplify(*model, {}));
  EXPECT_THAT(names(rewritten(*model)->graph().outputs()), testing::ElementsAre("y", "z", "y"));
}

TEST(Traps, UnsortedNodesAreNoReasonToCrash) {
  const auto model = text_model(R"(
    g (float[N] x) => (float[N] y) { y = Relu (b) b = Neg (a) a = Identity (x) })");
  ASSERT_EQ(verify(*model).size(), 1U);
  EXPECT_EQ(verify(*model)[0].id, "unsorted_nodes");
  ASSERT_TRUE(simplify(*model, {}));
  check_invariants(*model);
  EXPECT_THAT(names(rewritten(*model)->graph().outputs()), testing::ElementsAre("y"));
}

TEST(Traps, TiedWeightsAreNotMultiplied) {
  // A weight of 8 KiB behind two equal scales: folding into each Conv would store it twice.
  std::string text = R"(
    g (float[N, 32, 4, 4] x) => (float[N, 64, 4, 4] y, float[N, 64, 4, 4] z)
      <float[64, 32, 1, 1] w = {0)";
  for (int i = 1; i < 2048; ++i) text.append(", ").append(std::to_string(i % 7));
  text += R"(}> { t = Identity (w) y = Conv (x, t) r = Relu (x) z = Conv (r, t) })";
  const auto model = text_model(text);
  ASSERT_TRUE(simplify(*model, {}));
  EXPECT_EQ(model->graph().initializers().size(), 1U);
  EXPECT_LT(encode_model(*model).size_bytes(), 2 * 8192U);
}

TEST(Traps, ADynamicOutputIsNotFrozen) {
  const auto model = text_model(R"(
    g (float[N, 4] x) => (float[N, 2, 2] y) <int64[1] zero = {0}, int64[2] rest = {2, 2}> {
      s = Shape (x) n = Gather <axis = 0> (s, zero) t = Concat <axis = 0> (n, rest) y = Reshape (x, t)
    })");
  ASSERT_TRUE(simplify(*model, {}));
  EXPECT_EQ(rewritten(*model)->graph().outputs()[0]->type.text(), "float32[N, 2, 2]");
}

TEST(Traps, AFunctionsNameIsNoOperator) {
  const auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
    g (float[N] x) => (float[N] y) { [Identity] a = local.Identity (x) y = local.Identity (a) }
    <domain: "local", opset_import: ["" : 17]> Identity (p) => (q) { q = Neg (p) })");
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_TRUE(simplify(**model, {}));
  EXPECT_EQ((*model)->graph().node_count(), 2U);
  EXPECT_EQ(rewritten(**model)->functions().size(), 1U);
}

}  // namespace
}  // namespace acuate
