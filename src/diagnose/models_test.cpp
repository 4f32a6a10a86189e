#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "diagnose/issues.h"
#include "diagnose/test_support.h"
#include "onnx_io/import.h"
#include "targets/fold.h"

namespace acuate {
namespace {

using nlohmann::json;

// Four kinds of source: text in the table, a file of tests/composed in text form, a fixture, and an
// operator model of the onnx project.
std::unique_ptr<Model> open(const json& row) {
  if (row.contains("text")) return text_model(row["text"].get<std::string>());
  if (row.contains("composed")) {
    auto text = read_text_file(std::string(ACUATE_SOURCE_DIR "/tests/composed/") +
                                   row["composed"].get<std::string>() + ".onnxtxt",
                               uint64_t{1} << 20);
    EXPECT_TRUE(text) << (text ? "" : text.error().message);
    auto model = parse_text_model(text.value());
    EXPECT_TRUE(model) << (model ? "" : model.error().message);
    return std::move(*model);
  }
  const auto path = row.contains("testdata") ? std::filesystem::path(ACUATE_ONNX_TESTDATA) /
                                                   row["testdata"].get<std::string>() / "model.onnx"
                                             : std::filesystem::path(ACUATE_FIXTURES) /
                                                   (row["fixture"].get<std::string>() + ".onnx");
  auto model = import_model(path);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return model ? std::move(*model) : std::make_unique<Model>();
}

// The fixes of all findings, each once, in order.
json fixes_of(const std::vector<Finding>& findings) {
  json fixes = json::array();
  for (const Finding& finding : findings)
    for (const std::string& line : finding.fix)
      if (std::find(fixes.begin(), fixes.end(), line) == fixes.end()) fixes.push_back(line);
  return fixes;
}

// For each id [findings, nodes in them].
json tally(const std::vector<Finding>& findings) {
  json found = json::object();
  for (const Finding& finding : findings) {
    json& entry = found[finding.id];
    if (entry.is_null()) entry = {0, 0};
    entry[0] = entry[0].get<size_t>() + 1;
    entry[1] = entry[1].get<size_t>() + finding.nodes.size();
  }
  return found;
}

// tests/models.json: what diagnose finds in real and small models, and why that is right.
TEST(Models, AreDiagnosedAsTheTableSays) {
  std::ifstream file(ACUATE_SOURCE_DIR "/tests/models.json");
  const json table = json::parse(file);
  ASSERT_GE(table.size(), 10U);
  for (const json& row : table) {
    SCOPED_TRACE(row["reason"].get<std::string>());
    ASSERT_EQ(row.contains("text") + row.contains("fixture") + row.contains("composed") +
                  row.contains("testdata"),
              1);
    const auto model = open(row);
    DiagnoseOptions options;
    options.fix.evaluate = make_evaluator(*resolve_target("onnxruntime"));
    for (const json& shape : row.value("shapes", json::array()))
      options.fix.shapes.insert(parse_shape_option(shape.get<std::string>()).value());
    const auto findings = all_findings(*model, row["target"].get<std::string>(), options);
    EXPECT_EQ(tally(findings), row["findings"]);
    EXPECT_EQ(row.contains("fixes") ? fixes_of(findings) : json(), row.value("fixes", json()));
    EXPECT_EQ(!refuse_invalid(*model), row.value("refused", false));
  }
}

TEST(Models, NodesAreFiledUnderTheUsersModules) {
  auto model = import_model(ACUATE_FIXTURES "/nudenet_320n.onnx");
  ASSERT_TRUE(model) << model.error().message;
  const auto modules = ModelModuleTree::of(**model);
  const auto path_of = [&](std::string_view name) -> std::string {
    for (const Node* node = (*model)->graph().first(); node != nullptr; node = node->next())
      if (node->name() == name) return modules.module_of(*node).path;
    return "no such node";
  };
  EXPECT_EQ(path_of("/model.22/cv2.0/cv2.0.2/Conv"), "model.22.cv2.0.2");
  EXPECT_EQ(path_of("/model.9/m_2/MaxPool"), "model.9.m");
  EXPECT_EQ(path_of("/model.22/dfl/conv/Conv"), "model.22.dfl.conv");
  EXPECT_EQ(path_of("/model.22/Concat_25"), "model.22");
}

}  // namespace
}  // namespace acuate
