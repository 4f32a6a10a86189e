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

// A model from `inputs => outputs { nodes }` with its types.
class Inferred {
 public:
  explicit Inferred(std::string_view graph, int opset = 17) {
    auto parsed =
        parse_text_model("<ir_version: 8, opset_import: [\"\" : " + std::to_string(opset) +
                         ", \"com.microsoft\" : 1]> g " + std::string(graph));
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
    model = std::move(*parsed);
    shapes = std::make_unique<ShapeInference>(*model);
  }
  // The engine's type of a value of the main graph.
  std::string type(std::string_view name) const {
    const Value* value = model->graph().find(name);
    const SymbolicType* known = value ? shapes->type(*value) : nullptr;
    return known ? known->text() : "nothing";
  }
  // Its data: `batch, 2*h, 3/2`.
  std::string data(std::string_view name) const {
    const ShapeData* known = shapes->data(*model->graph().find(name));
    if (known == nullptr) return "nothing";
    std::string text;
    for (const Expr& value : known->values)
      text += (text.empty() ? "" : ", ") + value.text() +
              (known->denominator != 1 ? "/" + std::to_string(known->denominator) : "");
    return text;
  }
  std::string issue() const {
    const auto all = shapes->issues();
    return all.empty() ? "" : all[0].message;
  }

  std::unique_ptr<Model> model;
  std::unique_ptr<ShapeInference> shapes;
};

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
      R"(<ir_version: 10, opset_import: ["" : {}, "com.microsoft" : 1, "ai.onnx.ml" : 3, "ai.onnx.preview" : 1]>
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
