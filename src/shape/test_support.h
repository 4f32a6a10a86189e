#pragma once

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace acuate
