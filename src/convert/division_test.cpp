#include "convert/division.h"

#include <filesystem>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "convert/convert.h"
#include "data/npy.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "onnx_io/text_form.h"
#include "runtime/artifact.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

// Two convolutions with an Erf between them, and a result whose size follows from data.
constexpr const char* kNet = R"(<ir_version: 8, opset_import: ["" : 13]>
  net (float[1,3,6,5] x) => (float[1,4,6,5] y, int64[4,n] where) <float[4,3,1,1] w = {1.0, -2.0, 0.5, 0.25, 1.5, -1.0, 2.0, 0.125, 0.75, -0.5, 1.0, 3.0},
      float[4,4,1,1] v = {0.5, -1.0, 0.25, 2.0, 1.0, 0.5, -0.5, 1.5, 0.25, 0.75, 1.25, -0.25, 1.0, 1.0, -1.0, 0.5}> {
    ["/stem/conv/Conv"] a = Conv(x, w)
    ["/stem/act/Relu"] b = Relu(a)
    ["/middle/Erf"] c = Erf(b)
    ["/head/conv/Conv"] d = Conv(c, v)
    ["/head/act/Relu"] y = Relu(d)
    ["/tail/NonZero"] where = NonZero(y)
  })";

constexpr const char* kTable = R"(id: toy
name: Toy
revision: "1"
static_shapes: true
data_dependent_shapes: false
run_on: onnxruntime
sources: {own: made up for this test}
operators:
  Conv: {source: own}
  Relu: {source: own}
)";

class Divide : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(testing::TempDir()) /
        ("divide_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    auto model = parse_text_model(kNet);
    ASSERT_TRUE(model) << model.error().message;
    ASSERT_TRUE(save_model(**model, folder_ / "net.onnx"));
    ASSERT_TRUE(write_text_file(folder_ / "toy.yaml", kTable));
    samples_ = Tensor::allocate(ElementType::Float, {16, 3, 6, 5});
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (float& value : samples_.mutable_values<float>()) value = normal(random);
    ASSERT_TRUE(write_npy(folder_ / "x.npy", samples_));
    options_.model = folder_ / "net.onnx";
    options_.output = folder_ / "out";
    options_.target = (folder_ / "toy.yaml").string();
    options_.runs = 1;
  }

  // What the artifact answers, beside ONNX Runtime on the original.
  void expect_same_outputs() {
    auto artifact = Artifact::open(options_.output);
    ASSERT_TRUE(artifact) << artifact.error().message;
    auto engine = resolve_target("onnxruntime")->load(ModelSource::file(options_.model));
    ASSERT_TRUE(engine);
    Tensor x = Tensor::allocate(ElementType::Float, {1, 3, 6, 5});
    std::copy_n(samples_.values<float>().begin(), 90, x.mutable_values<float>().begin());
    const std::vector<Tensor> inputs = {x};
    const auto expected = (*engine)->run(inputs);
    const auto found = artifact->run(inputs);
    ASSERT_TRUE(expected && found) << (found ? "" : found.error().message);
    ASSERT_EQ(expected->size(), found->size());
    for (size_t i = 0; i < found->size(); ++i) {
      EXPECT_EQ((*found)[i].shape(), (*expected)[i].shape());
      EXPECT_TRUE(std::ranges::equal((*found)[i].bytes(), (*expected)[i].bytes())) << i;
    }
  }

  std::vector<std::string> files() {
    auto conversion = convert(options_);
    if (!conversion) return {conversion.error().message};
    report_ = conversion->report;
    unmet_ = conversion->unmet;
    return conversion->files;
  }

  fs::path folder_;
  ConvertOptions options_;
  Tensor samples_;
  Report report_;
  std::vector<std::string> unmet_;
};

TEST_F(Divide, ACutLeavesOneEngineAndATail) {
  options_.cut = {"auto"};
  EXPECT_THAT(files(), ElementsAre("modules/00_toy.onnx", "modules/01_host.onnx"));
  expect_same_outputs();
  EXPECT_EQ(report_.coverage.nodes_on_target, 2);
}

// One engine is both sides then, so that every cost is the same on either: a tie, which the target
// wins.
TEST_F(Divide, WithCostsTheHostsOwnEngineIsATarget) {
  CostTable table;
  table.target = "onnxruntime";
  table.call_us = 5;
  table.border_us_per_mib = 100;
  table.operators["*"] = {1, 1, 1};
  ASSERT_TRUE(write_text_file(folder_ / "costs.json", write_cost_table(table)));
  options_.target = "onnxruntime";
  options_.costs = {folder_ / "costs.json"};
  EXPECT_THAT(files(), ElementsAre("modules/model.onnx"));
  EXPECT_EQ(report_.coverage.nodes_on_target, report_.coverage.nodes_total);
  EXPECT_EQ(report_.coverage.engines, 1);
}

TEST_F(Divide, ATensorToCutAtSurvivesSimplification) {
  // `a` is between a convolution and a Relu, and `i` is a copy that simplification removes.
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 13]>
    net (float[1,3,6,5] x) => (float[1,3,6,5] y) {
      a = Relu(x) i = Identity(a) b = Neg(i) y = Relu(b) })");
  ASSERT_TRUE(model && save_model(**model, options_.model));
  std::string table = kTable;
  table += "  Neg: {source: own}\n";
  ASSERT_TRUE(write_text_file(folder_ / "toy.yaml", table));
  options_.cut = {"i"};
  EXPECT_THAT(files(), ElementsAre("modules/00_toy.onnx", "modules/01_host.onnx"));
  expect_same_outputs();
  const auto script = read_text_file(options_.output / "edits.acu", 1 << 16);
  ASSERT_TRUE(script);
  EXPECT_THAT(*script, HasSubstr("add-output i\napply simplify\nremove-output i\n"));
}

TEST_F(Divide, CutsThatLeaveNothingAreRefused) {
  options_.cut = {"nothing"};
  EXPECT_THAT(files(), ElementsAre(HasSubstr("there is no tensor 'nothing'")));
  options_.cut = {"x"};
  EXPECT_THAT(files(), ElementsAre(HasSubstr("'x' is an input of the model")));
  options_.cut = {"where"};
  EXPECT_THAT(files(), ElementsAre(HasSubstr("nothing follows from it")));
}

TEST_F(Divide, WhatTheTargetRefusesRunsOnTheHost) {
  std::vector<std::string> notes;
  options_.note = [&](const std::string& line) { notes.push_back(line); };
  EXPECT_THAT(files(), ElementsAre("modules/00_toy.onnx", "modules/01_host.onnx",
                                   "modules/02_toy.onnx", "modules/03_host.onnx"));
  expect_same_outputs();
  EXPECT_EQ(report_.coverage.engines, 2);
  EXPECT_EQ(report_.coverage.nodes_on_target, 4);
  EXPECT_EQ(report_.coverage.nodes_total, 6);
  EXPECT_EQ(*report_.coverage.macs_on_target_fraction, 1.0);
  EXPECT_EQ(report_.coverage.modules_converted, 4);  // stem.conv, stem.act, head.conv, head.act
  EXPECT_FALSE(report_.coverage.options[0].predicted_ms);
  ASSERT_EQ(notes.size(), 4U);
  EXPECT_EQ(notes[1], "all that the target takes: 2 engines, 4 of 6 nodes on the target");
}

TEST_F(Divide, TheLimitOfEnginesAndTheRequiredCoverageHold) {
  options_.max_engines = 1;
  options_.require_coverage = 0.5;
  EXPECT_THAT(files(),
              ElementsAre("modules/00_host.onnx", "modules/01_toy.onnx", "modules/02_host.onnx"));
  expect_same_outputs();
  EXPECT_THAT(unmet_, ElementsAre(HasSubstr("2 of 6 nodes are on the target")));
}

TEST_F(Divide, ModulesAreKeptOnTheHostByPathOrName) {
  options_.keep_on_host = {"stem*"};
  EXPECT_THAT(files(),
              ElementsAre("modules/00_host.onnx", "modules/01_toy.onnx", "modules/02_host.onnx"));
  expect_same_outputs();
}

TEST_F(Divide, QuantizesOnlyWhatIsOnTheTarget) {
  options_.precision = "int8";
  options_.data = folder_ / "x.npy";
  EXPECT_THAT(files(), ElementsAre("modules/00_toy.onnx", "modules/01_host.onnx",
                                   "modules/02_toy.onnx", "modules/03_host.onnx"));
  auto host = import_model(options_.output / "modules/01_host.onnx");
  ASSERT_TRUE(host);
  EXPECT_EQ((*host)->graph().node_count(), 1U);
  auto head = import_model(options_.output / "modules/02_toy.onnx");
  ASSERT_TRUE(head);
  EXPECT_GT((*head)->graph().node_count(), 2U);
  ASSERT_FALSE(report_.accuracy.empty());
  EXPECT_GT(*report_.accuracy[0].converted, 20.0);  // dB
  // How many elements are above zero differs with the rounding.
  EXPECT_THAT(report_.accuracy[1].converted.reason(), HasSubstr("different sizes"));
}

TEST_F(Divide, OperatorsThatTheTargetLacksAreWrittenAsThoseItHas) {
  // An Elu as Relu, Exp and others, which this table takes.
  auto model = parse_text_model(
      "<ir_version: 8, opset_import: [\"\" : 13]> net (float[1,4,6,5] x) => (float[1,4,6,5] y) "
      "{ [\"/act/Elu\"] y = Elu<alpha = 0.5>(x) }");
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_TRUE(save_model(**model, folder_ / "net.onnx"));
  std::string table = kTable;
  for (const char* op : {"Exp", "Neg", "Sub", "Add", "Mul", "Div"})
    table += fmt::format("  {}: {{source: own}}\n", op);
  ASSERT_TRUE(write_text_file(folder_ / "toy.yaml", table));
  EXPECT_THAT(files(), ElementsAre("modules/model.onnx"));
  EXPECT_EQ(report_.coverage.engines, 1);
  const auto script = read_text_file(options_.output / "edits.acu");
  ASSERT_TRUE(script);
  EXPECT_THAT(*script, HasSubstr("apply legalize-elu"));
}

TEST_F(Divide, OnlyNamedModulesAreConverted) {
  ASSERT_TRUE(write_text_file(
      folder_ / "c.json",
      R"({"stem": {"rt_mode": "onnx", "fp16": true}, "head.conv": {"rt_mode": "onnx"}})"));
  options_.config = folder_ / "c.json";
  EXPECT_THAT(files(), ElementsAre("modules/00_toy.onnx", "modules/01_host.onnx",
                                   "modules/02_toy.onnx", "modules/03_host.onnx"));
  expect_same_outputs();
  EXPECT_EQ(report_.coverage.nodes_on_target, 3);
  const auto types = [this](const char* file) {
    std::set<ElementType> found;
    auto piece = import_model(options_.output / file);
    EXPECT_TRUE(piece);
    for (const Value* value : (*piece)->graph().initializers())
      found.insert(value->initializer->type);
    return found;
  };
  EXPECT_THAT(types("modules/00_toy.onnx"), ElementsAre(ElementType::Float16));
  EXPECT_THAT(types("modules/02_toy.onnx"), ElementsAre(ElementType::Float));
  EXPECT_TRUE(std::ranges::any_of(report_.findings, [](const Finding& finding) {
    return finding.id == "float16_range_unknown";
  }));
}

TEST_F(Divide, AModuleThatIsNotTakenWholeFails) {
  ASSERT_TRUE(write_text_file(folder_ / "c.json",
                              R"({"middle": {"rt_mode": "onnx"}, "head": {"rt_mode": "onnx"}})"));
  options_.config = folder_ / "c.json";
  EXPECT_EQ(files().size(), 3U);
  const auto middle = std::ranges::find(report_.modules, "middle", &ReportModule::path);
  ASSERT_NE(middle, report_.modules.end());
  EXPECT_EQ(middle->status, ModuleStatus::Failed);
  EXPECT_THAT(middle->error, HasSubstr("does not name the operator"));
}

TEST_F(Divide, SaysWhenNothingIsLeft) {
  ASSERT_TRUE(write_text_file(folder_ / "c.json", R"({"middle": {"rt_mode": "onnx"}})"));
  options_.config = folder_ / "c.json";
  EXPECT_THAT(files(), ElementsAre(HasSubstr("target toy takes none of the 6 nodes")));
  ASSERT_TRUE(write_text_file(folder_ / "c.json", R"({"haed": {"rt_mode": "onnx"}})"));
  EXPECT_THAT(files(), ElementsAre(HasSubstr("no module 'haed' (did you mean 'head'?)")));
}

}  // namespace
}  // namespace acuate
