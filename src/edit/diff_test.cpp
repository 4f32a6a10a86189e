#include "edit/diff.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "edit/address.h"
#include "edit/compare_tensors.h"
#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::ElementsAre;
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
  auto diff = diff_models(a, b);
  EXPECT_TRUE(diff) << diff.error().message;
  return *std::move(diff);
}

// What the script changes, seen both ways: the reverse must not be empty either.
std::string diff_after(std::string_view script, std::string_view graph = kModel) {
  const auto before = text_model(graph);
  const auto after = apply_script(*before, script, {});
  EXPECT_TRUE(after) << after.error().message;
  const ModelDiff diff = diff_of(*before, **after);
  EXPECT_EQ(diff.empty(), diff_of(**after, *before).empty());
  return to_text(diff);
}

TEST(Diff, OfAModelWithItselfAndItsCopiesIsEmpty) {
  const auto model = text_model(kModel);
  EXPECT_TRUE(diff_of(*model, *model).empty());
  EXPECT_TRUE(diff_of(*model, *model->clone()).empty());
  EXPECT_TRUE(diff_of(*model, *text_model(kModel)).empty());
  EXPECT_EQ(to_text(diff_of(*model, *model)), "no differences\n");
}

TEST(Diff, RenamesAreToldAsSuch) {
  EXPECT_EQ(diff_after("rename-value a product\nrename-node scale times\nrename-value w weight"),
            "values renamed\n  ~ value: a → product\n  ~ value: w → weight\n"
            "nodes\n  ~ scale (Mul)\n      ~ name: scale → times\n");
  // An unnamed node under a new output is found through what it reads.
  EXPECT_EQ(diff_after("rename-value d other"), "values renamed\n  ~ value: d → other\n");
  EXPECT_EQ(diff_after("rename-value x image"),
            "inputs and outputs\n  + input image: float32[N, 2]\n  - input x: float32[N, 2]\n"
            "values renamed\n  ~ value: x → image\n");
}

TEST(Diff, AttributesAndBodies) {
  EXPECT_EQ(diff_after("set-attr @d alpha 0.25"),
            "inputs and outputs\n  ~ output y: float32[N, 2] → float32[*]\n"
            "nodes\n  ~ @d (Elu)\n      ~ attribute alpha: 0.5 → 0.25\n");
  EXPECT_THAT(diff_after("rename-node @y::then_branch::@p minus"),
              HasSubstr("~ @y::then_branch::@p (Neg)\n      + name: minus\n"));
}

TEST(Diff, NodesAddedRemovedAndRewired) {
  const char* bypassed = R"(
  agraph (float[N, 2] x, bool c) => (float[N, 2] y) <float[2] w = {1.0, 2.0}> {
    [scale] a = Mul (x, w)
    [root] r = Sqrt (a)
    d = Elu <alpha: float = 0.5> (r)
    y = If (c) <then_branch = t () => (float[N, 2] p) { p = Neg (d) },
                else_branch = e () => (float[N, 2] q) { q = Identity (d) }>
  })";
  const ModelDiff diff = diff_of(*text_model(kModel), *text_model(bypassed));
  EXPECT_EQ(to_text(diff),
            "nodes\n  - shift (Add)\n  + root (Sqrt)\n  ~ @d (Elu)\n      ~ input 0: b → r\n"
            "weights\n  - v: float32 2\n");
}

TEST(Diff, WeightsByTheirLargestDifference) {
  EXPECT_THAT(diff_after("set-initializer w [1.0, 1.75]"),
              HasSubstr("weights\n  ~ w: float32 2, 1 elements differ, largest difference 0.25\n"));
  EXPECT_THAT(diff_after("set-initializer w [[1.0, 2.0]]"),
              HasSubstr("weights\n  ~ w: float32 2 → float32 1x2\n"));
  const auto before = text_model(kModel);
  const auto after = apply_script(*before, "set-initializer w [1.0, nan]", {});
  ASSERT_TRUE(after) << after.error().message;
  const auto json = nlohmann::json::parse(to_json(diff_of(*before, **after)));
  EXPECT_TRUE(json["weights_changed"][0]["max_abs_difference"].is_null());
  EXPECT_EQ(json["weights_changed"][0]["reason"], "NaN or infinity on one side only");
  EXPECT_EQ(json["empty"], false);
}

TEST(Diff, ModelFieldsAndInterface) {
  EXPECT_EQ(diff_after("set-metadata author me"), "model\n  + metadata author: \"me\"\n");
  EXPECT_EQ(diff_after("set-dim N 4"),
            "inputs and outputs\n  ~ input x: float32[N, 2] → float32[4, 2]\n"
            "  ~ output y: float32[N, 2] → float32[4, ?]\n");
  const auto a = text_model(kModel), b = text_model(kModel);
  b->set_opset("", 18);
  EXPECT_EQ(to_text(diff_of(*a, *b)), "model\n  ~ opset ai.onnx: 17 → 18\n");
}

TEST(Diff, ARealModelWithEveryNameChangedHasTheSameNodes) {
  const std::filesystem::path path = std::filesystem::path(ACUATE_FIXTURES) / "ppocr_v4_det.onnx";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the text detector is not among the fixtures";
  const auto model = import_model(path);
  ASSERT_TRUE(model) << model.error().message;
  const auto other = (*model)->clone();
  size_t nodes = 0, values = 0;
  for (Node* node : other->graph().nodes()) node->set_name("node_" + std::to_string(nodes++));
  for (Value* value : other->graph().values())
    if (!value->is_input && !value->is_output())
      other->graph().rename(*value, "value_" + std::to_string(values++));
  const ModelDiff diff = diff_of(**model, *other);
  EXPECT_TRUE(diff.model.empty() && diff.interface.empty());
  EXPECT_TRUE(diff.nodes_added.empty() && diff.nodes_removed.empty());
  EXPECT_TRUE(diff.weights_changed.empty() && diff.weights_added_or_removed.empty());
  EXPECT_EQ(diff.renamed_values.size(), values);
  EXPECT_EQ(diff.nodes_changed.size(), nodes);
  for (const NodeChange& change : diff.nodes_changed) {
    ASSERT_EQ(change.changes.size(), 1U) << change.path;
    EXPECT_EQ(change.changes[0].what, "name");
  }
}

TEST(Diff, EveryModelOfTheCorpusEqualsItself) {
  namespace fs = std::filesystem;
  size_t count = 0;
  for (const char* folder : {ACUATE_FIXTURES, ACUATE_ONNX_TESTDATA})
    if (fs::is_directory(folder))
      for (const auto& entry : fs::recursive_directory_iterator(
               folder, fs::directory_options::follow_directory_symlink)) {
        if (entry.path().extension() != ".onnx") continue;
        const auto a = import_model(entry.path());
        ASSERT_TRUE(a) << a.error().message;
        // Written anew, so that the bytes differ and the meaning does not.
        const auto b = (*a)->clone();
        for (Graph* graph : editable_graphs(*b))
          for (Node* node : graph->nodes()) node->touch();
        const auto bytes = std::make_shared<const std::string>(encode_model(*b).flatten());
        const auto again = import_model(as_bytes(*bytes), bytes, entry.path());
        ASSERT_TRUE(again) << again.error().message;
        const auto diff = diff_models(**a, **again);
        ASSERT_TRUE(diff) << entry.path() << ": " << diff.error().message;
        EXPECT_TRUE(diff->empty()) << entry.path() << "\n" << to_text(*diff);
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
