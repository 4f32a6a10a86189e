// What every target is held to, a table file among them: one set of tests for all, so that a new
// folder of src/targets is tested before it has a test of its own.
#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include "graph/corpus_test_support.h"
#include "onnx_io/import.h"
#include "targets/quantization_test_support.h"
#include "targets/table.h"
#include "targets/target.h"
#include "targets/tiny_model_test.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;

// A table file that uses every key of the format.
constexpr std::string_view kTable = R"(id: conformance_npu
name: Conformance NPU
revision: "1"
static_shapes: true
control_flow: false
data_dependent_shapes: false
max_rank: 4
types: [float32, int32]
int64_as_int32: true
patterns: [gelu]
sources: {manual: the manual}
operators:
  Relu: {source: manual, max_rank: 3, types: [float32]}
  Conv: {source: manual, attributes: {kernel_shape: {min: 1, max: 15}, auto_pad: [NOTSET]}}
  MatMul: {source: manual, input_ranks: {0: [2, 3], 1: 2}}
  MaxPool: {source: manual, slow: {note: by software, attributes: {kernel_shape: {min: 4}}}}
  Add: {source: manual, opset: {min: 7, max: 13}}
  Mul: {source: manual, static_shapes: false, slow: by software}
  Round: {source: manual, supported: false, note: missing}
)";

std::vector<Target> all() {
  std::vector<Target> list = targets().all();
  list.push_back(make_table_target(parse_table(kTable, "conformance.yaml").value()));
  return list;
}

class Conformance : public testing::TestWithParam<size_t> {
 protected:
  const Target target_ = all().at(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Targets, Conformance, testing::Range<size_t>(0, all().size()),
                         [](const auto& instance) { return all().at(instance.param).id; });

bool is_sentence(const std::string& text) {
  return text.size() > 20 && text.find('\n') == text.npos && text.find("  ") == text.npos &&
         text.back() != ' ' && text.find(' ') != text.npos;
}

bool same_reason(const Reason& a, const Reason& b) {
  return a.id == b.id && a.message == b.message && a.evidence == b.evidence && a.blocks == b.blocks;
}

// Every node of every operator model of the onnx project gets an answer in the form that the rest
// of acuate reads, and the same one each time.
TEST_P(Conformance, AnswersForEveryOperatorModel) {
  const auto files = models_below({kOperatorModels});
  ASSERT_GE(files.size(), 1000U);
  size_t nodes = 0;
  for (const fs::path& file : files) {
    auto model = import_model(file);
    ASSERT_TRUE(model) << file << model.error().message;
    for (const Graph* graph : (*model)->all_graphs())
      for (const Node* node = graph->first(); node != nullptr; node = node->next(), ++nodes) {
        const auto reasons = target_.why_not(*node), again = target_.why_not(*node);
        SCOPED_TRACE(file.string() + " " + std::string(node->op_type()));
        ASSERT_TRUE(std::ranges::equal(reasons, again, same_reason));
        std::set<std::pair<std::string, std::string>> told;
        for (const Reason& reason : reasons) {
          ASSERT_TRUE(std::ranges::binary_search(kReasonIds, std::string_view(reason.id)))
              << reason.id;
          ASSERT_TRUE(is_sentence(reason.message)) << reason.message;
          ASSERT_FALSE(reason.evidence.empty() && reason.id == "unknown_support");
          ASSERT_TRUE(told.emplace(reason.id, reason.message).second) << reason.message;
        }
      }
  }
  EXPECT_GE(nodes, 2000U);
}

// What nobody has named is never taken for supported, and said.
TEST_P(Conformance, DoesNotTakeAnOperatorThatNobodyKnows) {
  Model model;
  Graph& graph = model.graph();
  const Node* node = graph.add_node("NoSuchOperator", "com.example.nowhere", "n",
                                    {graph.add_value("x")}, {graph.add_value("y")});
  const auto reasons = target_.why_not(*node);
  EXPECT_TRUE(std::ranges::any_of(reasons, [](const Reason& reason) {
    return reason.blocks && (reason.id == "unknown_support" || reason.id == "unsupported_operator");
  }));
}

TEST_P(Conformance, SaysWhatItCanDoHere) {
  const TargetStatus status = target_.status();
  for (const Availability& part : {status.diagnose, status.build, status.run}) {
    EXPECT_NE(part.available, !part.reason.empty());
    EXPECT_TRUE(part.available || is_sentence(part.reason)) << part.reason;
  }
  TinyModel tiny;
  tiny.inputs = {{"x", ElementType::Float, {"1", "4"}}};
  tiny.outputs = {{"y", ElementType::Float, {"1", "4"}}};
  tiny.ops = {{"Relu", {"x"}, "y", ""}};
  const std::string model = tiny.bytes();
  const auto engine = target_.load(ModelSource::memory(as_bytes(model)));
  EXPECT_EQ(engine.has_value(), status.run.available);
  EXPECT_TRUE(engine || is_sentence(engine.error().message));
  EXPECT_FALSE(target_.summary.empty());
}

// Nonsense in place of a model is an error, not an end.
TEST_P(Conformance, RefusesWhatIsNoModel) {
  EXPECT_FALSE(target_.load(ModelSource::memory(as_bytes("no model"))));
  EXPECT_FALSE(target_.load(ModelSource::file("no/such/model.onnx")));
}

// An engine file opens in the product and version that made it and in no other, so whoever has one
// must learn which is here; a target without engine files says so and builds none. What an artifact
// with a file of another version is worth: runtime/engine_file_test.cpp.
TEST_P(Conformance, SaysWhoMakesItsEngineFiles) {
  const auto model = typed_model("g (float[1,4] x) => (float[1,4] y) { y = Relu(x) }");
  const auto maker = target_.backend->engine_maker();
  const auto built = target_.backend->build(*model, {});
  if (!maker) {
    EXPECT_TRUE(is_sentence(maker.error().message)) << maker.error().message;
    EXPECT_FALSE(built);
    return;
  }
  ASSERT_TRUE(built) << built.error().message;
  EXPECT_EQ(maker->empty(), !built->has_value());
  if (maker->empty()) return;
  EXPECT_EQ((*built)->made_by, *maker);
  EXPECT_THAT(*maker, testing::MatchesRegex("[A-Za-z].* [0-9]+[.][0-9.]+"));
  EXPECT_FALSE((*built)->bytes->empty());
}

TEST(TableConformance, EveryRowOfEveryBuiltInTableCitesItsSource) {
  size_t tables = 0;
  for (const Target& target : targets().all()) {
    const std::string_view text = embedded_table(target.id);
    if (text.empty()) continue;
    ++tables;
    const auto table = parse_table(text, target.id);
    ASSERT_TRUE(table) << table.error().message;
    EXPECT_EQ(table->id, target.id);
    for (const auto& [name, row] : table->operators) {
      EXPECT_FALSE(row.sources.empty()) << name;
      for (const std::string& source : row.sources)
        EXPECT_TRUE(table->sources.contains(source)) << name;
    }
  }
  EXPECT_GE(tables, 1U);
}

}  // namespace
}  // namespace acuate
