// For tests of shape rules: a graph in text form in, the inferred types as text out.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "onnx_io/text_form.h"
#include "shape/inference.h"

namespace acuate {

// What inference makes of the outputs of `nodes`: `float32[n, 4]`, several joined by `; `, elements
// that are known behind it: `int64[2] = (h, 3)`. Where an operator refuses: `refused: why`.
// `outputs` are names; `weights` stand as in text form: `int64[2] s = {1, -1}`.
inline std::string infer(std::string_view inputs, std::string_view nodes,
                         const std::string& output_names = "y", std::string_view weights = "",
                         int opset = 17) {
  std::string outputs;
  for (const std::string& name : split(output_names, ' '))
    outputs += (outputs.empty() ? "float[] " : ", float[] ") + name;
  auto model = parse_text_model(fmt::format(
      R"(<ir_version: 10, opset_import: ["" : {}, "com.microsoft" : 1, "ai.onnx.ml" : 3]>
      g ({}) => ({}) <{}> {{ {} }})",
      opset, inputs, outputs, weights, nodes));
  if (!model) return "no model: " + model.error().message;
  // The declared outputs must not add to what is inferred.
  for (Value* output : (*model)->graph().outputs()) (*model)->graph().set_type(*output, {});
  const ShapeInference inference(**model);
  for (const ModelIssue& issue : inference.issues()) return "refused: " + issue.message;
  std::string text;
  for (const std::string& name : split(output_names, ' ')) {
    const Value& value = *(*model)->graph().find(name);
    const SymbolicType* type = inference.type(value);
    text += (text.empty() ? "" : "; ") + (type ? type->text() : "unknown");
    const ShapeData* data = inference.data(value);
    if (data == nullptr) continue;
    std::string values;
    for (const Expr& element : data->values)
      values += (values.empty() ? "" : ", ") + element.text();
    text += " = (" + values + ")";
    if (data->denominator != 1) text += fmt::format(" / {}", data->denominator);
  }
  return text;
}

}  // namespace acuate
