#pragma once

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/verify.h"
#include "onnx_io/text_form.h"
#include "rewrite/pass.h"
#include "shape/infer.h"

namespace acuate {

// A model in ONNX text form with shapes inferred, opset 17.
inline std::unique_ptr<Model> text_model(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  infer_shapes(**model);
  return std::move(*model);
}

inline PassOutcome apply(const char* id, Model& model, const PassContext& context = {}) {
  auto outcome = run_pass(*passes().find(id, "pass").value(), model, context);
  EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message);
  EXPECT_TRUE(verify(model).empty());
  return *outcome;
}

// In any order: a sweep visits nodes again.
inline std::multiset<std::string> reasons(const PassOutcome& outcome) {
  std::multiset<std::string> all;
  for (const NoMatch& miss : outcome.misses) all.insert(miss.reason);
  return all;
}

inline std::vector<std::string> operators(const Model& model) {
  std::vector<std::string> out;
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next())
    out.emplace_back(node->op_type());
  return out;
}

inline std::vector<float> constant_values(const Model& model, const Value* value) {
  const auto tensor = model.load(*value->initializer);
  const auto values = tensor->values<float>();
  return {values.begin(), values.end()};
}

}  // namespace acuate
