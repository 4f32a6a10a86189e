#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// ONNX text form (onnx repository, docs/Syntax.md), read and written by the onnx library. For
// tests, edit scripts and small models.
Result<std::unique_ptr<Model>> parse_text_model(std::string_view text);
std::string to_text(const Model& model);

}  // namespace acuate
