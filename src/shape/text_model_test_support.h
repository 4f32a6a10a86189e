#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "onnx_io/text_form.h"
#include "shape/infer.h"

namespace acuate {

// A model of opset 17 from the text of its graph, with inferred types.
inline std::unique_ptr<Model> text_model(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]> " + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  infer_shapes(**model);
  return std::move(*model);
}

}  // namespace acuate
