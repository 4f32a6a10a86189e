// For tests of findings: a graph in text form in, findings out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "diagnose/diagnose.h"
#include "diagnose/rule.h"
#include "onnx_io/text_form.h"
#include "targets/table.h"

namespace acuate {

inline std::unique_ptr<Model> text_model(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return model ? std::move(*model) : std::make_unique<Model>();
}

inline std::vector<Finding> all_findings(const Model& model, const Target& target,
                                         const DiagnoseOptions& options = {}) {
  auto findings = diagnose(model, target, options);
  EXPECT_TRUE(findings) << (findings ? "" : findings.error().message);
  return findings ? std::move(*findings) : std::vector<Finding>();
}

inline std::vector<Finding> all_findings(const Model& model, const std::string& target = "vsi_npu",
                                         const DiagnoseOptions& options = {}) {
  return all_findings(model, *resolve_target(target), options);
}

inline std::vector<Finding> of_id(const std::vector<Finding>& findings, const std::string& id) {
  EXPECT_NE(finding_rules().lookup(id), nullptr) << id;
  std::vector<Finding> out;
  for (const Finding& finding : findings)
    if (finding.id == id) out.push_back(finding);
  return out;
}

// The findings of one id that the rules make of a graph in text form.
inline std::vector<Finding> findings_of(const std::string& id, const std::string& graph,
                                        const std::string& target = "vsi_npu",
                                        const DiagnoseOptions& options = {}) {
  return of_id(all_findings(*text_model(graph), target, options), id);
}

// The same for a target that a table's text describes.
inline std::vector<Finding> findings_by_table(const std::string& id, const std::string& graph,
                                              const std::string& table,
                                              const DiagnoseOptions& options = {}) {
  auto read = parse_table(table, "a test");
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  if (!read) return {};
  return of_id(all_findings(*text_model(graph), make_table_target(std::move(*read)), options), id);
}

inline DiagnoseOptions with_shape(const std::string& option) {
  DiagnoseOptions options;
  options.fix.shapes.insert(parse_shape_option(option).value());
  return options;
}

// The only finding; fails the test where there is none or another.
inline Finding only(const std::vector<Finding>& findings) {
  EXPECT_EQ(findings.size(), 1U);
  return findings.empty() ? Finding() : findings[0];
}

}  // namespace acuate
