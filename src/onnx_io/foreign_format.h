#pragma once

#include <optional>
#include <string>

#include "graph/wire.h"

namespace acuate {

// What a file that is not ONNX seems to be and which converter makes ONNX of it: `a TensorFlow Lite
// model; convert it with tf2onnx (…)`. Judged by its first bytes and name.
std::optional<std::string> describe_foreign_format(Bytes bytes, const std::string& file_name);

}  // namespace acuate
