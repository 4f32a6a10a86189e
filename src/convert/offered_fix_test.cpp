// The legalizers that diagnose offers as fixes, applied as a user would: the script runs, and what
// it mends is not held against the model again.
#include <filesystem>

#include <gtest/gtest.h>

#include "convert/convert.h"
#include "diagnose/diagnose.h"
#include "diagnose/issues.h"
#include "edit/command.h"
#include "edit/script.h"
#include "onnx_io/import.h"
#include "targets/fold.h"
#include "targets/table.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

// What small accelerators have; everything else has to be written with these.
Target small_target() {
  CapabilityTable table;
  table.id = "small";
  table.name = "Small";
  table.max_rank = 4;
  for (const char* op :
       {"Add",       "Sub",    "Mul",   "Div",    "Relu",       "Max",       "Min",       "Abs",
        "Neg",       "Exp",    "Log",   "Sqrt",   "Erf",        "Tanh",      "Sigmoid",   "Floor",
        "Sign",      "Cast",   "Conv",  "MatMul", "ReduceMean", "ReduceSum", "ReduceMax", "Reshape",
        "Transpose", "Concat", "Slice", "Gather", "Greater",    "Less",      "Equal",     "Or"})
    table.operators[op] = {};
  return make_table_target(std::move(table));
}

bool names_any(const Finding& finding, const std::vector<std::string>& nodes) {
  return std::any_of(finding.nodes.begin(), finding.nodes.end(), [&](const std::string& node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  });
}

// The user's nodes that the lines replace.
std::vector<std::string> replaced_nodes(const Finding& finding) {
  std::vector<std::string> nodes;
  for (const std::string& line : finding.fix) {
    const auto words = parse_script(line);
    if (!words || words->lines.at(0).command != "apply") continue;
    for (const Token& token : words->lines[0].arguments)
      if (std::find(finding.nodes.begin(), finding.nodes.end(), token.text) != finding.nodes.end())
        nodes.push_back(token.text);
  }
  return nodes;
}

size_t check_offers(const Model& model, const Target& target) {
  DiagnoseOptions options;
  options.fix.evaluate = make_evaluator(*resolve_target("onnxruntime"));
  EditContext context;
  context.infer = true;
  context.apply_pass = [&](Model& edited, std::string_view words, ShapeInference* shapes) {
    PassContext passes;
    passes.shapes = shapes;
    return apply_pass_by_name(edited, words, passes);
  };
  size_t offers = 0;
  const auto findings = diagnose(model, target, options);
  EXPECT_TRUE(findings) << findings.error().message;
  for (const Finding& finding : *findings) {
    const auto nodes = replaced_nodes(finding);
    if (nodes.empty()) continue;
    ++offers;
    std::string script;
    for (const std::string& line : finding.fix) script += line + "\n";
    SCOPED_TRACE(finding.id + ":\n" + script);
    const auto fixed = apply_script(model, script, context);
    EXPECT_TRUE(fixed) << fixed.error().message;
    if (!fixed) continue;
    const auto after = diagnose(**fixed, target, options);
    EXPECT_TRUE(after) << after.error().message;
    if (!after) continue;
    for (const Finding& left : *after)
      EXPECT_FALSE(left.id == finding.id && names_any(left, nodes)) << left.cause;
  }
  return offers;
}

TEST(OfferedFix, RemovesItsFinding) {
  const Target small = small_target(), npu = *resolve_target("vsi_npu");
  size_t by_small = 0, by_npu = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(ACUATE_ONNX_TESTDATA) / "node")) {
    auto model = import_model(entry.path() / "model.onnx");
    if (!model || !refuse_invalid(**model)) continue;
    SCOPED_TRACE(entry.path().filename().string());
    by_small += check_offers(**model, small);
    by_npu += check_offers(**model, npu);
  }
  for (const char* name : {"silero_vad", "nudenet_320n", "pp_lcnet_orientation", "ppocr_v4_rec"}) {
    auto model = import_model(fs::path(ACUATE_FIXTURES) / (std::string(name) + ".onnx"));
    ASSERT_TRUE(model) << model.error().message;
    SCOPED_TRACE(name);
    by_small += check_offers(**model, small);
  }
  EXPECT_GE(by_small, 250U);
  EXPECT_GE(by_npu, 35U);
}

}  // namespace
}  // namespace acuate
